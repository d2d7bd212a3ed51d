"""When each line is spoken, and how fast: pure functions of numbers."""
