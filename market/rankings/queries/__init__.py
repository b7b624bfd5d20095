"""Reading rankings, what is counted for them, and the conversion index."""
