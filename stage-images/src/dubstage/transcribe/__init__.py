"""What was said, when, word by word."""
