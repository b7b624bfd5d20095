"""Rules of importing, as functions of values.

`runs` names the parts of an import, `fields` says what can be imported, `codes` finds codes by name,
`mapping` guesses columns, `values` reads cells, `rows` puts the cells of a row together.
"""
