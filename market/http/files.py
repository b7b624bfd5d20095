"""Files as answers: never shown by the browser as something else, never kept by anyone on the way."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import flask

BINARY: dict[str, Any] = {"type": "string", "format": "binary"}
"""Schema of a file in the API's document."""

PDF_TYPE = "application/pdf"


def pdf_answer(content: bytes, *, name: str) -> flask.Response:
    """Return a PDF we have typeset, for reading in place."""
    answer = flask.Response(content, mimetype=PDF_TYPE)
    answer.headers.set("Content-Disposition", "inline", filename=f"{name}.pdf")
    return _guarded(answer)


def file_answer(path: Path, *, name: str, media_type: str) -> flask.Response:
    """Return a file that somebody handed in, to be saved and not opened in place."""
    answer = flask.send_file(
        path, mimetype=media_type, as_attachment=True, download_name=name, conditional=False, etag=False
    )
    return _guarded(answer)


def made_answer(content: bytes, *, name: str, media_type: str) -> flask.Response:
    """Return a file we have made, to be saved under its name with the ending."""
    answer = flask.send_file(
        io.BytesIO(content), mimetype=media_type, as_attachment=True, download_name=name, etag=False
    )
    return _guarded(answer)


def _guarded(answer: flask.Response) -> flask.Response:
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
