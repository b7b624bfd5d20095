"""The technology market: people, listings, suggestions, contracts and figures."""
