"""Matching of texts: documents, queries, vectors and rankings.

This package knows neither Flask nor a database. Callers need `matching.engine`,
`matching.encoder` and `matching.types` only.
"""
