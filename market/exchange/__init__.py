"""Records that come from files: needs, achievements and contracts, row by row, safe to run twice."""
