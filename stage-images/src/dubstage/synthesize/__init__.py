"""Speech in the target language, one clip per segment."""
