"""Rules of importing, as functions of values.

`runs` names the parts of an import, `fields` and `register_fields` say what can be imported, `codes` finds
codes by name, `mapping` guesses columns, `values` and `register_values` read cells, `rows` puts the cells of
a row together, `guarded` says what may be kept of a file about people.
"""
