"""Mixes speech with the background, and puts it beside the untouched picture."""
