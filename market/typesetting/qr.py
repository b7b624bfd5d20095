"""QR codes, as vector images for documents and pages."""

from __future__ import annotations

import io

import segno


def qr_svg(text: str) -> bytes:
    """Return a QR code (ISO/IEC 18004) that holds a text, usually an address, as SVG.

    Error correction is at least level M, which survives a fold or a stamp over a corner. The quiet zone of
    four modules is part of the image. The same text gives the same bytes.

    Raises:
        ValueError: the text is empty, or longer than a QR code can hold.
    """
    if not text:
        raise ValueError("a QR code needs a text")
    image = io.BytesIO()
    segno.make_qr(text, error="m").save(image, kind="svg", border=4, xmldecl=False, scale=4)
    return image.getvalue()
