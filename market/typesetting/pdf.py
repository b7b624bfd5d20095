"""PDF from Typst templates and plain data, by the compiler's Python wheel; no server, no browser, no network.

A template is a file in the folder `templates` of the package it belongs to, and begins with

    #import "/base.typ": *
    #show: document.with(title: data.title)

`/base.typ` is the common style of this package; other files of the template's own folder are found beside
it (`#import "/parts.typ"`), images under `/images/`. `data` is what the caller passed. Texts in it are never
read as markup, whatever they hold.

The output is PDF/A-2u (ISO 19005-2; text can be searched, fonts are embedded), and the same bytes for the
same input: the document's date comes from the data, the fonts from this package alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from importlib import resources
from math import isfinite
from pathlib import Path
from typing import Any

import typst

from market.clock import CHINA
from market.typesetting.glyphs import FONTS, printable

STYLES = Path(__file__).parent / "templates"
DATE_KEY = "document_date"
STANDARD = "a-2u"

_NAME = re.compile(r"(?P<package>[a-z_.]+):(?P<file>[a-z_]+\.typ)")
_IMAGE_NAME = re.compile(r"[a-z0-9_-]+\.(svg|png|jpg)")
_PACKAGE_IMPORT = re.compile(rb'"@')


class TypesettingError(Exception):
    """A template or its data cannot be typeset; the message is the compiler's, with place and hints."""


def typeset(template: str, data: Mapping[str, Any], *, images: Mapping[str, bytes] | None = None) -> bytes:
    """Compile a template to PDF. Safe to call from several threads.

    Args:
        template: package and file, as `market.contracts:certificate.typ` for the file
            `market/contracts/templates/certificate.typ`.
        data: what the template shows: texts, integers, booleans, None, days, Decimals, and mappings and
            sequences of these. Days arrive as ISO texts, Decimals as plain digits; floats are for charts
            only. `document_date` (a day, or its ISO text) is needed: it becomes the date in the file.
        images: file name (`qr.svg`) to SVG, PNG or JPEG.

    Returns:
        The file. Characters that the font lacks stand as 〓; `glyphs.unprintable` tells beforehand.

    Raises:
        TypesettingError: the template is missing or faulty, or the data do not fit it.
    """
    files = dict(_sources(template))
    for name, content in (images or {}).items():
        if not _IMAGE_NAME.fullmatch(name):
            raise TypesettingError(f"{template}: not a name for an image: {name!r}")
        files[f"images/{name}"] = content
    try:
        content, warnings = typst.compile_with_warnings(  # type: ignore[call-overload]  # stubs know no projects of several files
            files,
            root=STYLES,  # what is not in `files` is looked for here and nowhere else
            font_paths=_fonts(),
            ignore_system_fonts=True,
            sys_inputs={"data": json.dumps(_plain(data, template), ensure_ascii=False)},
            format="pdf",
            pdf_standards=STANDARD,
            timestamp=_timestamp(data, template),
        )
    except typst.TypstError as error:
        raise TypesettingError(f"{template}: {error.diagnostic or error.message}") from error
    if (
        warnings
    ):  # an unknown font or a layout that does not settle: what was meant is not what would be printed
        raise TypesettingError("\n".join(f"{template}: {warning.diagnostic}" for warning in warnings))
    return content


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])


@cache
def _sources(template: str) -> Mapping[str, bytes]:
    """Return the template as the project's main file, its neighbours, and the common style."""
    name = _NAME.fullmatch(template)
    if name is None:
        raise TypesettingError(f"not the name of a template: {template!r}")
    try:
        folder = resources.files(name["package"]) / "templates"
        files = {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.name.endswith(".typ")}
        main = files[name["file"]]
    except (ModuleNotFoundError, FileNotFoundError, KeyError) as error:
        raise TypesettingError(f"there is no template {template!r}") from error
    own = {path.name: path.read_bytes() for path in STYLES.glob("*.typ")}
    files = {**files, **own, "main.typ": main}
    if any(_PACKAGE_IMPORT.search(text) for text in files.values()):
        raise TypesettingError(f"{template}: packages would be fetched from the network and are not allowed")
    return files


def _timestamp(data: Mapping[str, Any], template: str) -> datetime:
    try:
        day = data[DATE_KEY]
        day = date.fromisoformat(day) if isinstance(day, str) else day
        return datetime.combine(day, time(), CHINA)
    except (KeyError, ValueError, TypeError) as error:
        raise TypesettingError(f"{template}: the data need a day in {DATE_KEY!r}") from error


def _plain(value: Any, where: str) -> Any:
    """Return a value as JSON knows it, its texts such as can be printed."""
    if isinstance(value, str):
        return printable(value)
    if value is None or isinstance(value, int) or (isinstance(value, float) and isfinite(value)):
        return value
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _plain(item, f"{where}/{key}") for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_plain(item, f"{where}/{i}") for i, item in enumerate(value)]
    raise TypesettingError(f"{where}: {type(value).__name__} cannot be typeset")
