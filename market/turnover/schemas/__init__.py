"""Form of figures, releases and targets over HTTP."""
