"""The rules of the marketplace, tested without starting anything."""
