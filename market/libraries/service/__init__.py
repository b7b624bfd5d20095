"""Writing registers, by subject."""
