"""Training of the shipped encoder: `python -m matching.train`.

Reads our own texts (the lexicon and `matching/training/pairs`), needs no network and no other model, and
writes a folder that plain sentence-transformers can load. Nothing here is imported when the market runs.
"""
