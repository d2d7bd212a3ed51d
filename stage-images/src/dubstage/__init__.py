"""The stages of a dub: what runs inside the Jobs that the operator launches.

Read `contract` for what goes in and out, `layout` for the tree of files,
`stages` for what each stage reads and writes, and `<stage>/stage.py` for what
one does.
"""
