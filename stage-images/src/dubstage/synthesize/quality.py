"""The quality of the synthesized speech, as listeners would rate it: an estimate, for information.

DNSMOS P.835 (Reddy, Gopal and Cutler, ICASSP 2022) was trained on ratings of noisy calls. It shows
noise, distortion and robotic voices; it knows neither the text nor the speaker.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from dubstage.engines.onnx import open_session
from dubstage.engines.repositories import QUALITY_MODEL, speech_check
from dubstage.errors import Misconfigured
from dubstage.logs import logger, step
from dubstage.media.ffmpeg import read_mono
from dubstage.models import choice_of, model_folder
from dubstage.models.volume import find_model
from dubstage.workspace.work import Work

if TYPE_CHECKING:
    from dubstage.media.audio import Samples

    Network = Callable[[Samples], float]

FILE = "sig_bak_ovr.onnx"
SAMPLE_RATE = 16000
WINDOW_SAMPLES = 144160
"""9.01 s, the length of the network's input."""
MOST_WINDOWS = 10
"""Windows of one dub that are rated; a rating takes about 0.2 s of one core."""
OVERALL = 2
"""Of the network's three answers: speech, background, overall."""
SCALE = (-0.06766283, 1.11546468, 0.04602535)
"""The polynomial from the network's answer to the scale of the ratings, by its authors
(``dnsmos.py`` of the package speechmos 0.0.1.1)."""
THREADS = 2
REMEDY = ", or set the parameter check of stage synthesize to false"


def load(work: Work) -> Network | None:
    """Rates one window; None if the profile wants no checks, the models volume does not have it, or
    the image has no onnxruntime.

    Raises :class:`Misconfigured` if it is damaged.
    """
    is_wanted = bool(speech_check(work.request.engine))
    has_model = find_model(work.tree.roots, QUALITY_MODEL) is not None
    if not (is_wanted and has_model and importlib.util.find_spec("onnxruntime")):
        return None
    folder = model_folder(work.tree.roots, choice_of(QUALITY_MODEL))
    session = open_session(folder, FILE, THREADS, REMEDY)

    def rate(window: Samples) -> float:
        (answer,) = session.run(None, {"input_1": window[None]})
        return on_scale(float(answer[0][OVERALL]))

    return rate


def on_scale(answer: float) -> float:
    """The rating that an answer of the network stands for, 1 to 5."""
    square, factor, constant = SCALE
    return min(max(square * answer**2 + factor * answer + constant, 1.0), 5.0)


def estimate(work: Work, clips: Sequence[Path]) -> float | None:
    """The mean rating of windows over all of `clips`, 1 (bad) to 5 (excellent); None without a
    network or a clip."""
    try:
        network = load(work) if clips else None
    except Misconfigured as error:  # The dub is as good without an estimate.
        logger.warning("the quality of the speech is not estimated: %s", error)
        return None
    if network is None:
        return None
    with step("estimate quality"):
        ratings = [network(window) for window in islice(windows(clips, work.scratch), MOST_WINDOWS)]
    return sum(ratings) / len(ratings) if ratings else None


def windows(clips: Sequence[Path], scratch: Path) -> Iterable[Samples]:
    """Windows of the clips, one after another; clips are left out evenly where they are many.
    A text that is shorter than a window is repeated."""
    import numpy
    import soundfile

    most_seconds = MOST_WINDOWS * WINDOW_SAMPLES / SAMPLE_RATE
    seconds = sum(float(soundfile.info(clip).duration) for clip in clips)
    kept = clips[:: max(math.ceil(seconds / most_seconds), 1)]
    parts = [(clip, f"aresample={SAMPLE_RATE}") for clip in kept]
    samples = numpy.concatenate(read_mono(parts, scratch))
    if not len(samples):
        return
    if len(samples) < WINDOW_SAMPLES:
        samples = numpy.tile(samples, -(-WINDOW_SAMPLES // len(samples)))
    for first in range(0, len(samples) - WINDOW_SAMPLES + 1, WINDOW_SAMPLES):
        yield samples[first : first + WINDOW_SAMPLES]
