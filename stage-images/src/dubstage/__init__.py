"""The stages of a dub: the code that runs in the Jobs of the operator.

Read `contract` for requests and results, `workspace.layout` for the tree of files,
`workspace.stages` for what each stage reads and writes, `engines.table` for the engines, and
`<stage>/stage.py` for the work of one stage.
"""

import os

# Libraries read these when they are imported. onnxruntime sends telemetry from 1.29 on
# (docs/Privacy.md in its repository), pyannote.audio from 4.
NO_TELEMETRY = {
    "ORT_DISABLE_TELEMETRY": "1",
    "PYANNOTE_METRICS_ENABLED": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
os.environ.update(NO_TELEMETRY)
