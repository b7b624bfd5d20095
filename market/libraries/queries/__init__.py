"""Reading registers, by subject."""
