"""Audio and video files: ffmpeg, probing, audio tracks, windows and WAV."""
