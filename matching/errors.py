"""What can go wrong inside `matching`, as classes that callers can tell apart.

An empty question is not among them: it has an empty ranking.
"""

from __future__ import annotations


class MatchingError(Exception):
    """Root of the family."""


class IndexMissing(MatchingError):
    """There is no saved index at the place named."""


class IndexDamaged(MatchingError):
    """A saved index is incomplete or its files differ from what was written."""


class ManifestMismatch(MatchingError):
    """A saved index was made with something other than what is in use now.

    Attributes:
        field: what differs, e.g. `encoder`.
        saved: its value in the manifest.
        wanted: the value in use.
    """

    def __init__(self, field: str, *, saved: object, wanted: object) -> None:
        super().__init__(f"the saved index has {field} {saved!r}, in use is {wanted!r}: build it anew")
        self.field = field
        self.saved = saved
        self.wanted = wanted


class DimensionMismatch(MatchingError):
    """Vectors have another shape than the index or the encoder."""


class InvalidVector(MatchingError):
    """A vector holds values that are not finite numbers."""


class DuplicateKey(MatchingError):
    """One call names the same document, or the same row, twice."""


class InvalidWeights(MatchingError):
    """A file of weights names an unknown facet, or a value is not a finite number."""


class InvalidInput(MatchingError):
    """A file given to a command cannot be read; the message names file and line."""
