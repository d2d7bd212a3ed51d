"""When each segment is spoken, and how fast: pure functions of numbers."""
