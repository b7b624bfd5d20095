"""Red and black list (红黑榜): evidence, notice, expiry, appeal."""
