"""Form of what a bureau watches over, over HTTP."""
