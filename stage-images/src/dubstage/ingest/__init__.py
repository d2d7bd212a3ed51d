"""Check the source video, and take its sound apart from it."""
