"""Counters by subject: each says what it counts, counts it, and names the list that shows it."""
