"""Form of rankings and of the conversion index over HTTP."""
