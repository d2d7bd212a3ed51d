"""Separates the source's audio into vocals and background."""
