"""The city's lists and pools: registers of entries, and their published editions."""
