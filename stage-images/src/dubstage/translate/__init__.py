"""The same lines in the target language."""
