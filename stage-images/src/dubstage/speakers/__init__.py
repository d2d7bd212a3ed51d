"""Who speaks when, and how voices sound: measured in audio, without the words."""
