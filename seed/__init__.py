"""Reference data and the sample market, and the commands that load them."""
