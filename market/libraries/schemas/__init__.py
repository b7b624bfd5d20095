"""Form of registers over HTTP, by subject."""
