"""Suggested matches, the broker's review, and what the two sides make of them."""
