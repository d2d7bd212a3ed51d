"""Transcripts, languages and punctuation."""
