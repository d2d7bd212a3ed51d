"""A pyannote pipeline in the form of ``speaker-diarization-community-1``.

Speech activity is detected by a real model, the one that comes with whisperx; whose voice
it is by an architecture of pyannote's with weights as they fall.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy
import pyannote.audio
import torch
import whisperx
from pyannote.audio.core.task import Problem, Resolution, Specifications
from pyannote.audio.models.embedding.xvector import XVectorMFCC

CONFIG = """\
dependencies: {pyannote.audio: 4.0.0}
pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
  params:
    clustering: VBxClustering
    segmentation: $model/segmentation
    embedding: $model/embedding
    plda: $model/plda
    embedding_exclude_overlap: true
    segmentation_step: 0.5
params:
  clustering: {threshold: 0.6, Fa: 0.07, Fb: 0.8}
  segmentation: {threshold: 0.5, min_duration_off: 0.0}
"""
DIMENSION, LDA_DIMENSION = 512, 128


def save(folder: Path) -> None:
    for part in ("segmentation", "embedding", "plda"):
        (folder / part).mkdir(parents=True)
    (folder / "config.yaml").write_text(CONFIG)
    bundled = Path(whisperx.__file__).parent / "assets/pytorch_model.bin"
    shutil.copyfile(bundled, folder / "segmentation/pytorch_model.bin")
    _save_embedding(folder / "embedding/pytorch_model.bin")
    numpy.savez(
        folder / "plda/xvec_transform.npz",
        mean1=numpy.zeros(DIMENSION),
        mean2=numpy.zeros(LDA_DIMENSION),
        lda=numpy.eye(DIMENSION, LDA_DIMENSION),
    )
    numpy.savez(
        folder / "plda/plda.npz",
        mu=numpy.zeros(LDA_DIMENSION),
        tr=numpy.eye(LDA_DIMENSION),
        psi=numpy.linspace(2.0, 0.1, LDA_DIMENSION),
    )


def _save_embedding(path: Path) -> None:
    torch.manual_seed(1)
    model = XVectorMFCC()
    torch.save(
        {
            "state_dict": model.state_dict(),
            "hyper_parameters": dict(model.hparams),
            "pytorch-lightning_version": "2.6.0",
            "pyannote.audio": {
                "versions": {
                    "torch": torch.__version__, "pyannote.audio": pyannote.audio.__version__
                },
                "architecture": {
                    "module": type(model).__module__, "class": type(model).__qualname__
                },
                "specifications": Specifications(
                    problem=Problem.REPRESENTATION, resolution=Resolution.CHUNK, duration=5.0
                ),
            },
        },
        path,
    )  # fmt: skip
