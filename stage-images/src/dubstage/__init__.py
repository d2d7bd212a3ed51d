"""The stages of a dub: what runs inside the Jobs that the operator launches.

Read `contract` for what goes in and out, `layout` for the tree of files,
`stages` for what each stage reads and writes, and `<stage>/stage.py` for what
one does.
"""

import os

# What a library would tell its maker of its use: onnxruntime does so from 1.29 on
# (docs/Privacy.md of its repository), pyannote.audio from 4. They read it when they are loaded.
NO_REPORTS = {
    "ORT_DISABLE_TELEMETRY": "1",
    "PYANNOTE_METRICS_ENABLED": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
os.environ.update(NO_REPORTS)
