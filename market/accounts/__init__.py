"""Organisations, their users, and who is asking."""
