"""What workflows have done outside of themselves: writing down, telling, delivering, comparing."""
