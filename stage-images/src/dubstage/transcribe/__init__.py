"""Speech to words with times, and words to segments."""
