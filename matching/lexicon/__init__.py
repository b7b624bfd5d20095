"""The technical lexicon: which words of a text stand for which concept.

A bilingual list of concepts by technical field, kept beside the code as TSV files: the preferred term, the
words an enterprise and a laboratory use for the same thing, an English gloss and a broader concept.
"""

from matching.lexicon.checking import Coverage, Report, check
from matching.lexicon.files import MAX_CONCEPTS_PER_TERM, SHIPPED_LEXICON, Concept, LexiconError
from matching.lexicon.tagging import ConceptMatch, Lexicon

__all__ = [
    "MAX_CONCEPTS_PER_TERM",
    "SHIPPED_LEXICON",
    "Concept",
    "ConceptMatch",
    "Coverage",
    "Lexicon",
    "LexiconError",
    "Report",
    "check",
]
