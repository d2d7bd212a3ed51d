"""The operator: a DubJob becomes Jobs, and Jobs become its status.

``api`` holds what people write and read, ``planning`` decides (pure),
``cluster`` talks to the API server, ``handlers`` listen. Imports run one way:
``handlers > cluster > planning > api``.
"""
