"""A one-node Kubernetes cluster for the demo and the tests.

Uses only the Python standard library, so that it runs before anything is installed.
`__main__` has the commands, `place` the paths and names, and `cluster` the order in which
the components start.
"""
