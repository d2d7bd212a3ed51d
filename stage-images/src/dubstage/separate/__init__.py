"""Speech into one file, everything else into another."""
