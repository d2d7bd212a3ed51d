"""Makes errors of CosyVoice's language model reach the caller, and lets speech tokens be reused.

CosyVoice decodes speech tokens in a thread whose errors are only printed: out of memory, a GPU
without kernels, or no token at all ends in a truncated clip, or in an error of the vocoder that
names something else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

TOKENS_PER_TEXT_TOKEN = 2
"""Speech tokens per text token that are decoded before the language model may end."""


class NoSound(Exception):
    """The language model ended without a single speech token."""


class Guard:
    """Takes the place of three methods of a loaded model."""

    def __init__(self, core: Any) -> None:
        """`core`: upstream's ``CosyVoice2Model`` or ``CosyVoice3Model``."""
        self.tokens: list[int] = []
        """The speech tokens of the last call."""
        self._core = core
        self._decode: Callable[..., None] = core.llm_job
        self._vocode: Callable[..., Any] = core.token2wav
        self._sample: Callable[..., int] = core.llm.sampling
        self._given: list[int] | None = None
        self._least = 0
        self._error: BaseException | None = None
        core.llm_job = self._llm_job
        core.token2wav = self._token2wav
        core.llm.sampling_ids = self._sampling_ids

    def prepare(self, text_tokens: int, tokens: Sequence[int] | None = None) -> None:
        """Prepare the next call, whose own text has `text_tokens` tokens.

        With `tokens`, the language model is not asked: these speech tokens are spoken.
        """
        self._least = TOKENS_PER_TEXT_TOKEN * text_tokens
        self._given = None if tokens is None else list(tokens)
        self._error = None

    def _llm_job(self, *arguments: Any) -> None:
        """Run in upstream's thread; its last argument is the id of the call."""
        call = arguments[-1]
        try:
            if self._given is None:
                self._decode(*arguments)
            else:
                self._core.tts_speech_token_dict[call] = list(self._given)
        except BaseException as error:  # It is raised again by the caller's thread.
            self._error = error
        self._core.llm_end_dict[call] = True

    def _token2wav(self, *arguments: Any, uuid: str, **options: Any) -> Any:
        """Run in the caller's thread, after the other one ended."""
        core = self._core
        try:
            if self._error is not None:
                raise self._error
            self.tokens = list(core.tts_speech_token_dict[uuid])
            if not self.tokens:
                raise NoSound
            return self._vocode(*arguments, uuid=uuid, **options)
        except BaseException:
            # Upstream forgets a call only if it succeeds.
            for kept in (core.tts_speech_token_dict, core.llm_end_dict, core.hift_cache_dict):
                kept.pop(uuid, None)
            raise

    def _sampling_ids(
        self, scores: Any, decoded: Sequence[int], sampling: int, ignore_eos: bool = True
    ) -> int:
        """One token. Upstream's `ignore_eos` counts the instruction as text, and in CosyVoice 3
        masks a token that does not end anything, so it is not used."""
        del ignore_eos
        return sample(self._core.llm, self._sample, scores, decoded, self._least, sampling)


def sample(
    llm: Any,
    sampler: Callable[..., int],
    scores: Any,
    decoded: Sequence[int],
    least: int,
    sampling: int = 25,
) -> int:
    """The next token, given the `scores` of all: no stop token before there are `least` tokens.

    `sampling`: number of candidates. It is done on the CPU: upstream's sampler compares single
    numbers, and each comparison would synchronize with the GPU.
    """
    scores = scores.cpu()
    if len(decoded) < least:
        scores[llm.stop_token_ids] = -float("inf")
    return sampler(scores, decoded, sampling)
