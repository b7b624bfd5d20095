"""One target of a column: what it is called, how a cell becomes its value, what the value must obey."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from market.reference.rules import Scheme


class How(StrEnum):
    """How a cell becomes a value."""

    TEXT = "text"
    IDENTIFIER = "identifier"
    MONEY = "money"
    FOREIGN = "foreign"
    DATE = "date"
    PERIOD = "period"
    LEVEL = "level"
    FLAG = "flag"
    CODE = "code"
    CODES = "codes"
    WORDS = "words"
    INDICATORS = "indicators"
    RIGHTS = "rights"
    REGION = "region"
    PARK = "park"
    COUNTRY = "country"
    INTEGER = "integer"
    USCC = "uscc"
    CHOICE = "choice"
    CHOICES = "choices"
    WEEKDAYS = "weekdays"
    HOURS = "hours"
    PIECES = "pieces"
    TARGETS = "targets"
    POSITIONS = "positions"
    TITLES = "titles"
    UNITS = "units"
    PEOPLE = "people"
    ROLES = "roles"


COMPOUND = frozenset(
    {
        How.WEEKDAYS, How.HOURS, How.PIECES, How.TARGETS, How.POSITIONS, How.TITLES, How.UNITS, How.PEOPLE,
        How.ROLES,
    }
)  # fmt: skip
"""Conversions of cells of registers that hold several things at once."""


CUSTOMS = "海关"
"""Name of the other list of country codes in use; stands where a money column has its unit."""


@dataclass(frozen=True, slots=True)
class Field:
    """One target of a column.

    Attributes:
        name: key in the form; parties of contracts as `seller.uscc`.
        label: Chinese name.
        how: conversion.
        headers: column names that mean this field, as people write them.
        required: every row must have it, from the file or by default.
        low: least length of a text in characters; the least number.
        high: greatest length of a text, or of each word of a list; the greatest number.
        most: greatest number of words in a list.
        scheme: list of codes, for CODE and CODES.
        choices: Chinese name by value, for CHOICE and CHOICES.
        soft: a value that is in no list becomes a keyword instead of failing the row.
        pattern: regular expression the whole text must match.
        personal: never shown in reports or stored with an import.
        several: more than one column may feed it.
    """

    name: str
    label: str
    how: How
    headers: tuple[str, ...]
    required: bool = False
    low: int = 0
    high: int = 0
    most: int = 0
    scheme: Scheme | None = None
    choices: Mapping[Any, str] = field(default_factory=dict)
    soft: bool = False
    pattern: str | None = None
    personal: bool = False
    several: bool = False


ORGANISATION = "organisation"
ORGANISATION_USCC = "organisation_uscc"
TOPIC = "topic"
VALIDITY = "validity"
BROKERED = "brokered_reg_no"
"""Pseudo-fields: who owns the row, words that join the keywords, two days in one cell, and the contract that
a brokerage contract is about, by its registration number."""
