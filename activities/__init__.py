"""What workflows have done outside of themselves: writing down, and telling each other."""
