"""The speed of the engine cosyvoice with CosyVoice's own code, at full size.

    python bench_cosyvoice.py CHECKOUT FOLDER     prints the figures of each generation

The weights are random, and each text gets as many speech tokens as are in its seconds: the
figures say nothing about the sound, and all about the speed. Needs a GPU, the libraries of the
tts image, and a checkout of CosyVoice with Matcha-TTS on the import path.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy
import random_models
import soundfile
import torch

from dubstage.contract import EngineChoice
from dubstage.synthesize.cosyvoice.engine import CosyVoice
from dubstage.synthesize.engine import Voice

TOKENS_PER_SECOND = 25
SECONDS = 5.0
"""Of each text, which is what a segment has in most videos."""
TEXT = "Buenos días a todos, y bienvenidos al programa"
NUMBERS = ("uno", "dos", "tres", "cuatro")
BATCH_SIZES = (1, 4, 8, 16)
NAMES = {2: "CosyVoice2-0.5B", 3: "Fun-CosyVoice3-0.5B-2512"}


@dataclass
class Clock:
    """Seconds by step."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def measures(self, step: str) -> Iterator[None]:
        """Add the time of the body to the step, what the GPU still computes included."""
        torch.cuda.synchronize()
        begun = time.perf_counter()
        yield
        torch.cuda.synchronize()
        self.seconds[step] = self.seconds.get(step, 0.0) + time.perf_counter() - begun


def ends_after(sampler: Callable[..., int], tokens: int, stop: Sequence[int]) -> Callable[..., int]:
    """CosyVoice's sampler, which ends each text after that number of tokens."""

    def sample(scores: Any, decoded: Sequence[int], sampling: int) -> int:
        if len(decoded) >= tokens:
            return stop[0]
        scores[list(stop)] = -float("inf")
        return sampler(scores, decoded, sampling)

    return sample


def loaded(folder: Path, name: str, **parameters: str | int | float | bool) -> CosyVoice:
    """The engine, with texts of equal length."""
    choice = EngineChoice(engine="cosyvoice", model=name, parameters=parameters)
    engine = CosyVoice(folder / name, choice)
    llm = engine._model.model.llm
    tokens = round(SECONDS * TOKENS_PER_SECOND)
    llm.sampling = ends_after(llm.sampling, tokens, llm.stop_token_ids)
    engine._guard._sample = llm.sampling
    return engine


def run(engine: CosyVoice, voice: Voice, texts: Sequence[str], folder: Path) -> dict[str, float]:
    """Speak `texts`, and the last one again; the figures of it."""
    engine.speak("Uno, dos", "es", voice, 1.0, folder / "first.wav")  # warms up
    torch.cuda.reset_peak_memory_stats()
    clock = Clock()
    decode_batch, vocode = engine._decode_batch, engine._guard._vocode
    job = engine._guard._decode

    def timed(step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            with clock.measures(step):
                return function(*arguments, **options)

        return call

    engine._decode_batch = timed("tokens", decode_batch)  # type: ignore[method-assign]
    engine._guard._decode = timed("tokens", job)
    engine._guard._vocode = timed("audio", vocode)
    audio = 0.0
    engine.announce([(text, voice) for text in texts], "es")
    with clock.measures("all"):
        for text in texts:
            engine.speak(text, "es", voice, 1.0, folder / "clip.wav")
            audio += soundfile.info(folder / "clip.wav").duration
    with clock.measures("repeat"):
        engine.repeat(1.1, folder / "again.wav")
    engine._decode_batch = decode_batch  # type: ignore[method-assign]
    engine._guard._decode, engine._guard._vocode = job, vocode
    return {
        "audio_s": audio,
        "rtf": clock.seconds["all"] / audio,
        "tokens_rtf": clock.seconds["tokens"] / audio,
        "audio_rtf": clock.seconds["audio"] / audio,
        "repeat_s": clock.seconds["repeat"],
        "peak_mib": torch.cuda.max_memory_allocated() / 2**20,
    }


def upstream(engine: CosyVoice, voice: Voice, texts: Sequence[str], folder: Path) -> float:
    """The real-time factor of decoding as CosyVoice itself does it: one by one, on the GPU."""
    core = engine._model.model
    ours = core.llm.sampling_ids
    core.llm.sampling_ids = lambda scores, decoded, sampling, **_: core.llm.sampling(
        scores, decoded, sampling
    )
    clock, audio = Clock(), 0.0
    engine.announce([], "es")
    for text in texts:
        with clock.measures("all"):
            engine.speak(text, "es", voice, 1.0, folder / "clip.wav")
        audio += soundfile.info(folder / "clip.wav").duration
    core.llm.sampling_ids = ours
    return clock.seconds["all"] / audio


def main() -> int:
    """Print the figures of both generations; 1 without a GPU."""
    checkout, folder = Path(sys.argv[1]), Path(sys.argv[2])
    if not torch.cuda.is_available():
        print("bench-cosyvoice: torch finds no GPU", file=sys.stderr)
        return 1
    texts = [f"{TEXT} {ten} {one}." for ten in NUMBERS for one in NUMBERS]
    logging.getLogger().setLevel(logging.WARNING)
    sample = folder / "voice.wav"
    noise = numpy.random.default_rng(0).normal(size=16000 * 6).astype(numpy.float32) * 0.1
    soundfile.write(sample, noise, 16000)
    voice = Voice("ANN", 0, sample=sample, sample_text="one two three", sample_sha256="0" * 64)
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}", flush=True)
    for generation, name in NAMES.items():
        if not (folder / name).exists():
            random_models.make(checkout, generation, folder / name, full_size=True)
        for fp16 in (False, True):
            begun = time.perf_counter()
            engine = loaded(folder, name, fp16=fp16, batch_size=1)
            print(f"{name} fp16={fp16}: loaded in {time.perf_counter() - begun:.1f} s", flush=True)
            upstream(engine, voice, texts[:1], folder)  # warms up
            own = upstream(engine, voice, texts[:3], folder)
            print(f"  sampled on the GPU, one by one: RTF {own:.3f}", flush=True)
            for size in BATCH_SIZES:
                engine._sizes = type(engine._sizes)([size], "speech tokens")
                shorter = texts if size > 1 else texts[:4]
                figures = run(engine, voice, shorter, folder)
                row = ", ".join(f"{key} {value:.3f}" for key, value in figures.items())
                print(f"  batch {size}: {row}", flush=True)
            del engine
            torch.cuda.empty_cache()
    return 0


if __name__ == "__main__":
    sys.exit(main())
