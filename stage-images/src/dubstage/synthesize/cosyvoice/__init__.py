"""CosyVoice 2 and 3: speech in the voice of a recording, on a GPU.

Its code is not a package: the image puts a checkout on the import path. What is used of it is
that of its revision of March 2026, which the Dockerfile pins.
"""
