"""How log events look: text for people, or JSON lines for machines. Events carry ids, never texts."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog


def configure(*, as_json: bool, stream: TextIO | None = None) -> None:
    """Set up logging for the process.

    Args:
        as_json: True for JSON lines.
        stream: where to write; standard error if None.
    """
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
