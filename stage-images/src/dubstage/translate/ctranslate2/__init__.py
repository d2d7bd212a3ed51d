"""The engine ``ctranslate2``: neural translation offline, on the CPU or a GPU."""
