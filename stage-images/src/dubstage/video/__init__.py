"""The dubbed video: its container, its streams, and the command that writes it."""
