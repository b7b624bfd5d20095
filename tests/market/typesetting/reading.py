"""Reads back pages and their text from what the compiler writes; not a reader for any other PDF."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

_WORD = re.compile(
    rb"\s*(?P<mark><<|>>|\[|\])|\s*<(?P<hex>\w*)>|\s*(?P<word>/?[^\s()<>\[\]/]+)|\s*(?P<open>\()|\s+"
)
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def page_texts(pdf: bytes) -> list[str]:
    """Return the text of each page, in the order of its content, a newline between pieces."""
    if not pdf.startswith(b"%PDF-") or not pdf.rstrip().endswith(b"%%EOF"):
        raise ValueError("this is no whole PDF file")
    objects = {int(m[1]): m[2] for m in re.finditer(rb"\n(\d+) 0 obj\n(.*?)\nendobj", pdf, re.DOTALL)}
    (tree,) = (body for body in objects.values() if body.startswith(b"<</Type/Pages"))
    kids = [
        int(number) for number in re.findall(rb"(\d+) 0 R", tree.partition(b"/Kids[")[2].partition(b"]")[0])
    ]
    assert len(kids) == int(_found(rb"/Count (\d+)", tree))
    return [_page_text(objects, objects[kid]) for kid in kids]


def fonts(pdf: bytes) -> set[str]:
    """Return the names of the fonts in a file, without the prefix that marks a subset."""
    return {name.decode() for name in re.findall(rb"/FontName/[A-Z]{6}\+([\w-]+)", pdf)}


def _page_text(objects: dict[int, bytes], page: bytes) -> str:
    resources = objects[int(_found(rb"/Resources (\d+) 0 R", page))]
    fonts_of_page = resources.partition(b"/Font<<")[2].partition(b">>")[0]
    maps = {
        name: _character_map(objects, int(number))
        for name, number in re.findall(rb"/(f\d+) (\d+) 0 R", fonts_of_page)
    }
    content = _stream(objects[int(_found(rb"/Contents (\d+) 0 R", page))])
    text: list[str] = []
    marks: list[bool] = []  # of each open stretch, whether its meaning was given in place of its glyphs
    operands: list[bytes | str] = []
    font: dict[bytes, str] = {}
    for token in _tokens(content):
        if isinstance(token, bytes) or token.startswith("/") or not token[0].isalpha():
            operands.append(token)
            continue
        if token == "Tf":
            font = maps[str(operands[-2]).removeprefix("/").encode()]
        elif token in {"Tj", "TJ"} and not any(marks):
            codes = b"".join(operand for operand in operands if isinstance(operand, bytes))
            text += [font[codes[k : k + 2]] for k in range(0, len(codes), 2)]
        elif token in {"BDC", "BMC"}:
            marks.append("/ActualText" in operands)
            if marks[-1]:
                text.append(_text_string(operands[operands.index("/ActualText") + 1]))
        elif token == "EMC":
            marks.pop()
        elif token == "ET":
            text.append("\n")
        operands = []
    return "".join(text)


def _tokens(content: bytes) -> Iterator[bytes | str]:
    """Yield strings as bytes, all else as str."""
    at = 0
    while at < len(content):
        match = _WORD.match(content, at)
        assert match is not None, content[at : at + 20]
        at = match.end()
        if match["open"] is not None:
            start, depth = at, 1
            while depth:
                depth += {b"(": 1, b")": -1}.get(content[at : at + 1], 0)
                at += 2 if content[at : at + 1] == b"\\" else 1
            yield _unescaped(content[start : at - 1])
        elif match["hex"] is not None:
            yield bytes.fromhex(match["hex"].decode())
        elif match["word"] or match["mark"]:
            yield (match["word"] or match["mark"]).decode()


def _text_string(raw: bytes | str) -> str:
    assert isinstance(raw, bytes)
    return raw[2:].decode("utf-16-be") if raw.startswith(b"\xfe\xff") else raw.decode("latin-1")


def _character_map(objects: dict[int, bytes], font: int) -> dict[bytes, str]:
    table = _stream(objects[int(_found(rb"/ToUnicode (\d+) 0 R", objects[font]))])
    return {
        bytes.fromhex(code.decode()): bytes.fromhex(text.decode()).decode("utf-16-be")
        for block in re.findall(rb"beginbfchar\n(.*?)endbfchar", table, re.DOTALL)
        for code, text in re.findall(rb"<(\w+)> <(\w+)>", block)
    }


def _stream(body: bytes) -> bytes:
    head, _, rest = body.partition(b"stream\n")
    return zlib.decompress(rest[: int(_found(rb"/Length (\d+)", head))])


def _unescaped(text: bytes) -> bytes:
    def one(match: re.Match[bytes]) -> bytes:
        return bytes([int(match[1], 8)]) if match[1].isdigit() else _ESCAPES.get(match[1], match[1])

    return re.sub(rb"\\([0-7]{1,3}|.)", one, text, flags=re.DOTALL)


def _found(pattern: bytes, text: bytes) -> bytes:
    match = re.search(pattern, text)
    assert match is not None, pattern
    return match[1]
