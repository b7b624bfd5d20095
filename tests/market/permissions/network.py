"""Answers of the tree of service nodes."""

from __future__ import annotations

from tests.market.permissions.lines import Line

TABLE: list[Line] = []
