"""The segments in the target language."""
