"""Answers of quality of needs and of scenarios."""

from __future__ import annotations

from tests.market.permissions.lines import Line

TABLE: list[Line] = []
