"""What to do next, and why: pure functions of values, including the current time."""
