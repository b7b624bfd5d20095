"""Measurements. Nothing here is part of the product; figures are written up in `docs/benchmarks.md`."""
