"""The tree of files on the data volume.

People write below ``inputs``, stages below ``interim`` and ``outputs``. Every file has a name
(:class:`Artifact`), a path, and one stage that writes it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from dubstage.contract import DATA_DIR, IMAGE_MODELS_DIR, MODELS_DIR, REVIEWED, Stage


class Artifact(str, Enum):
    """The files of one job; the value is the path pattern below the root.

    A ``*`` stands for what differs: the segments' clips, the stems, and the dubbed
    video's container. The contract has the paths that the operator shows to people.
    """

    AUDIO = "interim/{job}/text/vid/speaks/audio.wav"
    SOURCE_FACTS = "interim/{job}/text/vid/speaks/source.json"
    VOCALS = REVIEWED[Stage.SEPARATE]
    BACKGROUND = "interim/{job}/text/vid/bgm/background.wav"
    TRANSCRIPT = "interim/{job}/text/src/sentence/transcript.json"
    ALIGNED_SEGMENTS = "interim/{job}/text/src/words/aligned_segments.json"
    SRC_TRANSCRIPT = REVIEWED[Stage.TRANSCRIBE]
    TRANSLATED = "interim/{job}/text/trg/sentence/translated.json"
    TRG_TRANSCRIPT = REVIEWED[Stage.TRANSLATE]
    TTS_CLIPS = "interim/{job}/text/vid/tts/*.wav"
    TTS_SEGMENTS = REVIEWED[Stage.SYNTHESIZE]
    DUBBED_AUDIO = "outputs/{job}/vid/dubbed_audio.wav"
    DUBBED_SURROUND = "outputs/{job}/vid/dubbed_audio_5_1.wav"
    DUBBED_VIDEO = "outputs/{job}/vid/dubbed_video.*"
    STEMS = "outputs/{job}/vid/stems/*.wav"
    SRC_SRT = "outputs/{job}/text/src.srt"
    SRC_VTT = "outputs/{job}/text/src.vtt"
    TRG_SRT = "outputs/{job}/text/trg.srt"
    TRG_VTT = "outputs/{job}/text/trg.vtt"
    REPORT = "outputs/{job}/report.json"
    REPORT_PAGE = "outputs/{job}/report.html"

    @property
    def is_output(self) -> bool:
        """Whether it is for people: it has to be intact at the end of a dub."""
        return self.value.startswith("outputs/")

    @property
    def may_be_absent(self) -> bool:
        """Whether a dub can be finished without it: a source without a video stream gives no
        video, stems and 5.1 are written on request, and earlier versions wrote no page."""
        return self in (
            Artifact.DUBBED_SURROUND,
            Artifact.DUBBED_VIDEO,
            Artifact.STEMS,
            Artifact.REPORT_PAGE,
        )


@dataclass(frozen=True)
class Roots:
    """The folders of the volumes."""

    inputs: Path
    interim: Path
    outputs: Path
    models: Path
    model_caches: tuple[Path, ...] = ()
    """Folders with the layout of the Hugging Face cache, in which models are found that are
    not on the models volume; only read."""
    image_models: Path = Path(IMAGE_MODELS_DIR)
    """Folder of models in the image, in which models are found that are not on the models volume;
    only read."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Roots:
        """The roots that ``DATA_DIR``, ``INPUTS_DIR``, ``INTERIM_DIR``, ``OUTPUTS_DIR``,
        ``MODELS_DIR``, ``WHISPERX_CACHE_DIR`` and ``XDG_CACHE_HOME`` name, with the
        contract's defaults."""
        data = Path(environment.get("DATA_DIR", DATA_DIR))
        models = Path(environment.get("MODELS_DIR", MODELS_DIR))
        cache = models / ".cache"
        own_cache = Path(environment.get("XDG_CACHE_HOME", cache))
        return cls(
            inputs=Path(environment.get("INPUTS_DIR", data / "inputs")),
            interim=Path(environment.get("INTERIM_DIR", data / "interim")),
            outputs=Path(environment.get("OUTPUTS_DIR", data / "outputs")),
            models=models,
            model_caches=(
                Path(environment.get("WHISPERX_CACHE_DIR", cache / "whisperx")),
                own_cache / "huggingface/hub",
                *(cache / folder for folder in (".", "hub", "huggingface/hub")),
            ),
        )


@dataclass(frozen=True)
class Tree:
    """The files of one job."""

    roots: Roots
    job_id: str

    def path(self, artifact: Artifact) -> Path:
        """The path of `artifact`; of several files, their folder and the pattern of their
        names."""
        root, _, rest = artifact.value.partition("/{job}/")
        return Path(getattr(self.roots, root)) / self.job_id / rest

    def files(self, artifact: Artifact) -> list[Path]:
        """The published files of `artifact`, sorted by name. Files that are being written, or
        that a killed stage left, have names that begin with a dot and are not among them."""
        path = self.path(artifact)
        return sorted(x for x in path.parent.glob(path.name) if not x.name.startswith("."))

    def relative(self, path: Path) -> str:
        """The name of `path` in manifests and messages: ``interim/<job_id>/…``.

        Raises ValueError if `path` is not on the data volume.
        """
        for name in ("inputs", "interim", "outputs"):
            root: Path = getattr(self.roots, name)
            if path.is_relative_to(root):
                return f"{name}/{path.relative_to(root)}"
        raise ValueError(f"{path} is not below inputs, interim or outputs")

    @property
    def state(self) -> Path:
        """The folder of the manifests and the claim."""
        return self.roots.interim / self.job_id / ".dubstage"

    def manifest(self, stage: Stage) -> Path:
        """The manifest of `stage`."""
        return self.state / f"{stage}.json"

    @property
    def clip_cache(self) -> Path:
        """The folder of the clips that are kept from one run of synthesize to the next."""
        return self.state / "clips"

    @property
    def translation_cache(self) -> Path:
        """The folder of the translations that are kept from one run of translate to the next."""
        return self.state / "translations"

    @property
    def owner(self) -> Path:
        """The claim: the name of the DubJob that owns the folder."""
        return self.state / "owner.json"
