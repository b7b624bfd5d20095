"""Documents for people: PDF by the Typst compiler, workbooks, CSV and QR codes.

Knows no feature and no database. See `pdf.typeset` for where templates live and `sheets` for tables.
"""
