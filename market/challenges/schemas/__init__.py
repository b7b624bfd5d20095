"""Form of challenges over HTTP, by subject."""
