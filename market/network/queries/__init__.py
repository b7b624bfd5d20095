"""Reading the service network: the tree, the view of a node, and the records behind its figures."""
