"""Registers over HTTP. Importing the modules lays out their routes."""

from market.libraries.api import agencies, editions, registers
from market.libraries.api.blueprint import blp

__all__ = ["agencies", "blp", "editions", "registers"]
