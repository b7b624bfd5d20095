"""Registers over HTTP. Importing the modules lays out their routes."""

from market.libraries.api import (
    agencies,
    chains,
    editions,
    projects,
    registers,
    resources,
    talents,
    technologies,
)
from market.libraries.api.blueprint import blp

__all__ = [
    "agencies",
    "blp",
    "chains",
    "editions",
    "projects",
    "registers",
    "resources",
    "talents",
    "technologies",
]
