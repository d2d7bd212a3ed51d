"""What happens next, and why: pure functions of values, the clock among them."""
