"""Shared HTTP helpers; the only code below the features that knows Flask."""
