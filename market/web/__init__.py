"""Pages rendered by the server, and the assets we ship for them."""
