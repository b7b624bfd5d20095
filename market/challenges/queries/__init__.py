"""Reading challenges and all that belongs to them, by subject."""
