"""The change log, the stored vectors and this process's replica of the index.

The one bridge to `matching`. Features hand over `Document`s; nothing here knows their tables.
"""
