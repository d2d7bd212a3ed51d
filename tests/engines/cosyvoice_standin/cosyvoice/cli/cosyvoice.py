"""A stand-in for CosyVoice's module of this name: its signatures, its checks, no model.

It speaks 15 characters a second as a tone whose pitch depends on the voice.
`test_engines_cosyvoice.py` holds the signatures against a record of upstream's.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import soundfile

END_OF_PROMPT = "<|endofprompt|>"
loaded: list[Any] = []
"""Every model that was loaded."""


class Tensor:
    """As much of torch's as a caller may use who has no torch."""

    def __init__(self, values: numpy.ndarray) -> None:
        self._values = values
        self.shape = values.shape

    def __array__(self, *arguments: Any, **options: Any) -> numpy.ndarray:
        return numpy.array(self._values, *arguments, **options)


class CosyVoice:
    generation = 1
    yaml = "cosyvoice.yaml"

    def __init__(
        self, model_dir, load_jit=False, load_trt=False, fp16=False, trt_concurrent=1
    ) -> None:
        self._load(model_dir, fp16)

    def _load(self, model_dir: str, fp16: bool) -> None:
        self.sample_rate = 24000
        self.fp16 = fp16
        self.speakers: dict[str, tuple[str, float]] = {}
        self.calls: list[tuple[str, str, float]] = []
        self.introduced: list[tuple[str, str, str]] = []
        if (Path(model_dir) / "llm.pt").read_bytes() != b"weights":
            raise RuntimeError("PytorchStreamReader failed reading zip archive")
        loaded.append(self)

    def list_available_spks(self):
        return list(self.speakers)

    def add_zero_shot_spk(self, prompt_text, prompt_wav, zero_shot_spk_id):
        assert zero_shot_spk_id != "", "do not use empty zero_shot_spk_id"
        sound, rate = soundfile.read(prompt_wav)
        assert rate >= 16000, f"wav sample rate {rate} must be greater than 16000"
        assert len(sound) / rate <= 30, (
            "do not support extract speech token for audio longer than 30s"
        )
        self.introduced.append((prompt_text, prompt_wav, zero_shot_spk_id))
        self.speakers[zero_shot_spk_id] = (prompt_text, 150.0 + 50 * len(self.speakers))
        return True

    def save_spkinfo(self):
        raise PermissionError("the models volume is read-only")

    def inference_zero_shot(
        self,
        tts_text,
        prompt_text,
        prompt_wav,
        zero_shot_spk_id="",
        stream=False,
        speed=1.0,
        text_frontend=True,
    ):
        prompt, pitch = self.speakers[zero_shot_spk_id]
        yield from self._speak("zero-shot", tts_text, prompt, pitch, stream, speed, text_frontend)

    def inference_cross_lingual(
        self,
        tts_text,
        prompt_wav,
        zero_shot_spk_id="",
        stream=False,
        speed=1.0,
        text_frontend=True,
    ):
        _, pitch = self.speakers[zero_shot_spk_id]
        yield from self._speak("cross-lingual", tts_text, "", pitch, stream, speed, text_frontend)

    def _speak(
        self,
        kind: str,
        text: str,
        prompt: str,
        pitch: float,
        stream: bool,
        speed: float,
        text_frontend: bool,
    ) -> Iterator[dict[str, Tensor]]:
        assert not (stream and speed != 1.0), "speed change only support non-stream inference mode"
        assert not text_frontend, "the text frontend goes to the network"
        if self.generation == 3:
            assert END_OF_PROMPT in prompt + text, (
                "<|endofprompt|> not detected in CosyVoice3 text or prompt_text, check your input!"
            )
        self.calls.append((kind, text, speed))
        if "memory" in text:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        seconds = len(text.rpartition(END_OF_PROMPT)[2]) / 15 / speed
        time = numpy.arange(int(seconds * self.sample_rate)) / self.sample_rate
        sound = (0.3 * numpy.sin(2 * numpy.pi * pitch * time)).astype(numpy.float32)
        yield {"tts_speech": Tensor(sound[None, :])}


class CosyVoice2(CosyVoice):
    generation = 2
    yaml = "cosyvoice2.yaml"

    def __init__(
        self,
        model_dir,
        load_jit=False,
        load_trt=False,
        load_vllm=False,
        fp16=False,
        trt_concurrent=1,
    ) -> None:
        self._load(model_dir, fp16)


class CosyVoice3(CosyVoice2):
    generation = 3
    yaml = "cosyvoice3.yaml"

    def __init__(
        self, model_dir, load_trt=False, load_vllm=False, fp16=False, trt_concurrent=1
    ) -> None:
        self._load(model_dir, fp16)


def AutoModel(**kwargs):
    assert Path(kwargs["model_dir"]).exists(), "upstream would go to the network now"
    for kind in (CosyVoice, CosyVoice2, CosyVoice3):
        if (Path(kwargs["model_dir"]) / kind.yaml).exists():
            return kind(**kwargs)
    raise TypeError("No valid model type found!")
