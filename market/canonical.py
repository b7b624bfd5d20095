"""One form of JSON only, so that what was frozen can be proved unchanged by its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def canonical_json(content: Mapping[str, Any]) -> bytes:
    """Return content as JSON in one form: sorted keys, no blanks, characters as they are, UTF-8."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode()


def digest_of(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the content's canonical JSON, in 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(content)).hexdigest()
