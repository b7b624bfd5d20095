"""A template that asks for a package from the network."""
