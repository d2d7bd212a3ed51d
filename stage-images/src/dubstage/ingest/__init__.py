"""Checks the source, and extracts its audio."""
