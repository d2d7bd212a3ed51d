"""The tables, one module per language."""
