"""Bundles of achievements by theme (成果包), released on a day and pushed to subscribers."""
