"""Rules of registers: functions of values and tables of steps, by subject."""

from market.libraries.rules.editions import Change, Comparison, Frozen, compare
from market.libraries.rules.entries import (
    AUTHORING,
    CHECKS,
    EDITABLE,
    ENTRY_KIND_NAMES,
    ENTRY_STATUS_NAMES,
    POOLS,
    PROPOSERS,
    REGISTER_NAMES,
    REGISTER_OF,
    STEPS,
    By,
    EntryAction,
    EntryKind,
    EntryStatus,
    Register,
    is_public,
)

__all__ = [
    "AUTHORING",
    "CHECKS",
    "EDITABLE",
    "ENTRY_KIND_NAMES",
    "ENTRY_STATUS_NAMES",
    "POOLS",
    "PROPOSERS",
    "REGISTER_NAMES",
    "REGISTER_OF",
    "STEPS",
    "By",
    "Change",
    "Comparison",
    "EntryAction",
    "EntryKind",
    "EntryStatus",
    "Frozen",
    "Register",
    "compare",
    "is_public",
]
