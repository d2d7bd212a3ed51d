"""A real one-node Kubernetes for the demo and the tests.

Needs nothing but Python's standard library, so that it runs before anything is
installed. Read `__main__` for the commands, `place` for where things are, `up`
for the order in which they start.
"""
