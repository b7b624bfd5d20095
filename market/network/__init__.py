"""The tree of city, counties and service nodes, with a view of each node."""
