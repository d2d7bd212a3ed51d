"""What people provide: the source, corrections and voice recordings."""
