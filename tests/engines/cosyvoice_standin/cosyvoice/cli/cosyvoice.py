"""A stand-in for CosyVoice's module of this name: its signatures, its checks, no model.

It speaks 15 characters a second as a tone whose pitch depends on the voice. Like upstream, it
decodes speech tokens in a thread whose errors are lost, and its vocoder fails without a token.
`test_engines_cosyvoice.py` holds the signatures against a record of upstream's.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy
import soundfile

END_OF_PROMPT = "<|endofprompt|>"
loaded: list[Any] = []
"""Every model that was loaded."""
TOKENS_PER_SECOND = 25
STOP = 6561
"""The first of the tokens that end a text."""


class Tensor:
    """As much of torch's as a caller may use who has no torch."""

    def __init__(self, values: numpy.ndarray) -> None:
        self._values = values
        self.shape = values.shape

    def __array__(self, *arguments: Any, **options: Any) -> numpy.ndarray:
        return numpy.array(self._values, *arguments, **options)


class Scores(dict[int, float]):
    """The scores of all tokens, of which all but one are 0."""

    def cpu(self) -> Scores:
        return self

    def __setitem__(self, tokens: Any, score: float) -> None:
        for token in tokens:
            super().__setitem__(token, score)


class LanguageModel:
    stop_token_ids = (STOP, STOP + 1, STOP + 2)

    def __init__(self) -> None:
        self.sampling = self._best
        self.decoded: list[str] = []
        """The text of each call."""

    def _best(self, scores: Scores, decoded: Sequence[int], sampling: int) -> int:
        best = max(scores, key=lambda token: scores[token])
        return best if scores[best] > 0 else 100 + len(decoded)

    def sampling_ids(self, scores, decoded, sampling, ignore_eos=True):
        if ignore_eos and STOP in scores:
            scores[[STOP]] = -1.0
        return self.sampling(scores, decoded, sampling)

    def inference(self, text: Text) -> Iterator[int]:
        self.decoded.append(text.words)
        wanted = round(len(text.words) / 15 * TOKENS_PER_SECOND)
        if "mute" in text.words:
            return
        if "hasty" in text.words:
            wanted = 0
        decoded: list[int] = []
        while True:
            if "memory" in text.words and len(decoded) == 10:
                raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
            if "kernel" in text.words:
                raise RuntimeError("CUDA error: no kernel image is available for execution")
            scores = Scores()
            scores[[STOP + 1]] = 1.0 if len(decoded) >= wanted else -1.0
            token = self.sampling_ids(scores, decoded, 25, ignore_eos=not decoded)
            if token in self.stop_token_ids:
                return
            decoded.append(token)
            yield token


class Text(Tensor):
    """The tokens of a text: one for three letters."""

    def __init__(self, words: str, pitch: float = 0.0) -> None:
        super().__init__(numpy.zeros((1, -(-len(words) // 3))))
        self.words = words
        self.pitch = pitch


class Model:
    """Upstream's `CosyVoice2Model`, with its thread."""

    def __init__(self) -> None:
        self.llm = LanguageModel()
        self.tts_speech_token_dict: dict[str, list[int]] = {}
        self.llm_end_dict: dict[str, bool] = {}
        self.hift_cache_dict: dict[str, Any] = {}
        self.silent_tokens: list[int] = []
        self.calls = 0

    def llm_job(self, text, prompt_text, llm_prompt_speech_token, llm_embedding, uuid):
        for token in self.llm.inference(text):
            self.tts_speech_token_dict[uuid].append(token)
        self.llm_end_dict[uuid] = True

    def token2wav(self, token, embedding, uuid, speed=1.0):
        if not token:
            raise RuntimeError(
                "Calculated padded input size per channel: (3). Kernel size: (4). "
                "Kernel size can't be greater than actual input size"
            )
        if "vocoder" in embedding.words:
            raise RuntimeError("CUDA out of memory. Tried to allocate 1.00 GiB")
        time = numpy.arange(int(len(token) * 24000 / TOKENS_PER_SECOND / speed)) / 24000
        sound = 0.3 * numpy.sin(2 * numpy.pi * embedding.pitch * time)
        return Tensor(sound.astype(numpy.float32)[None, :])

    def tts(self, text: Text, speed: float) -> Iterator[dict[str, Tensor]]:
        self.calls += 1
        call = str(self.calls)
        self.tts_speech_token_dict[call], self.llm_end_dict[call] = [], False
        self.hift_cache_dict[call] = None
        thread = threading.Thread(target=self._quietly, args=(text, None, None, None, call))
        thread.start()
        thread.join()
        audio = self.token2wav(
            token=self.tts_speech_token_dict[call], embedding=text, uuid=call, speed=speed
        )
        yield {"tts_speech": audio}
        for kept in (self.tts_speech_token_dict, self.llm_end_dict, self.hift_cache_dict):
            kept.pop(call)

    def _quietly(self, *arguments: Any) -> None:
        """An error ends the thread, and is only printed."""
        try:
            self.llm_job(*arguments)
        except RuntimeError as error:
            print(error)


class FrontEnd:
    def __init__(self, speakers: dict[str, tuple[str, float]]) -> None:
        self._speakers = speakers

    def _extract_text_token(self, text: str) -> tuple[Text, None]:
        return Text(text), None

    def frontend_zero_shot(self, tts_text, prompt_text, prompt_wav, resample_rate, spk):
        return {"text": Text(tts_text), "prompt_text": Text(self._speakers[spk][0])}

    def frontend_cross_lingual(self, tts_text, prompt_wav, resample_rate, spk):
        return {"text": Text(tts_text)}


def decode(core: Model, prompts: Sequence[Any]) -> list[list[int]]:
    """Stands for the project's own decoding of several texts, which needs torch."""
    texts = [prompt.inputs["text"].words.rpartition(END_OF_PROMPT)[2] for prompt in prompts]
    if any("crowd" in text for text in texts) and len(texts) > 2:
        raise RuntimeError("CUDA out of memory. Tried to allocate 8.00 GiB")
    batches.append(texts)
    return [[100] * round(len(text) / 15 * TOKENS_PER_SECOND) for text in texts]


batches: list[list[str]] = []
"""The texts of each call of `decode`."""


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
        self.model = Model()
        self.frontend = FrontEnd(self.speakers)
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
        words = text.rpartition(END_OF_PROMPT)[2]
        yield from self.model.tts(Text(words, pitch), speed)


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
