"""Speaks each line, in the time that it has."""
