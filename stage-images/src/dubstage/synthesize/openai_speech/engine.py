"""The engine: one request per segment, some of them ahead of time."""

from __future__ import annotations

import base64
import os
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

from dubstage.engines.openai_api import KEY_VARIABLE
from dubstage.logs import logger
from dubstage.media.ffmpeg import MediaError, input_file, run
from dubstage.synthesize.engine import Voice
from dubstage.synthesize.listener import CHECK, CHECK_MODEL
from dubstage.synthesize.openai_speech.client import Rejected, SpeechClient
from dubstage.synthesize.openai_speech.settings import AudioFormat, Clone, Settings, read
from dubstage.text.languages import primary
from dubstage.timing.prediction import SpeechRate
from dubstage.workspace.digests import key_of
from dubstage.workspace.work import Work

PLAIN_TEXT = "1, 2, 3."
"""What every voice can say in every language."""
HEADERS = (b"RIFF", b"ID3", b"OggS", b"fLaC")
"""How files start that are not samples without a header, whatever was requested."""
AS_FLOATS = ("-ac", "1", "-rematrix_maxval", "1", "-c:a", "pcm_f32le")
"""One channel, no louder than its sources. As integers, samples that are no numbers would become
clicks, and those beyond full scale would not be seen."""
START_BYTES = 512
"""Bytes that tell what an answer is."""
TEXT_STARTS = (b"<", b"{", b"[")
"""How a page or JSON starts that a server sends as audio."""
LONGEST_SECONDS = 300.0
"""Longer audio is not the speech of one segment; it would fill the memory."""
FITTED_REACH = 0.25
"""How far the server changes the speed of a segment; mux does the rest."""


def load(work: Work) -> OpenAISpeech:
    """The engine with the parameters of the profile. Raises :class:`Misconfigured` for an
    invalid one."""
    parameters = work.request.engine.parameters
    own = {name: value for name, value in parameters.items() if name not in (CHECK, CHECK_MODEL)}
    return OpenAISpeech(read(own), os.environ.get(KEY_VARIABLE), work.scratch)


class OpenAISpeech:
    """Speech from a server. A text that the server rejects has no audio."""

    def __init__(self, settings: Settings, key: str | None, scratch: Path) -> None:
        is_fitted = settings.adapt_speed or settings.duration_field
        self.reach = FITTED_REACH if is_fitted else 0.0
        self._settings = settings
        self._client = SpeechClient(settings, key)
        self._scratch = scratch
        self._numbers = count(1)
        self._announced: deque[tuple[str, Voice]] = deque()
        self._ahead: dict[tuple[str, Voice], Future[Path | None]] = {}
        self._language = ""
        self._uploaded: set[str] = set()
        self._rejected: set[tuple[str, str]] = set()
        self._proved: set[str] = set()
        """Voices that have spoken."""

    def voices(self, language: str) -> int | None:
        """The number of the server's voices that are dealt; None if it clones."""
        if self._settings.clone is not Clone.NONE:
            return None
        return len(self._settings.voices_for(language)) or len(self._settings.voices)

    def voice_name(self, voice: Voice, language: str) -> str | None:
        """The server's voice of that speaker; None if it has none."""
        return self._settings.voice_of(voice.speaker, voice.number, language)

    def reads_words(self, voice: Voice) -> bool:
        """The server gets them with the recording."""
        return self._settings.clone is not Clone.NONE and bool(voice.sample_text)

    def announce(self, texts: Iterable[tuple[str, Voice]], language: str) -> None:
        """Request the next texts ahead of time, as many at once as the profile allows."""
        if self.reach:
            return  # Their speeds are not known yet.
        self._announced.extend(texts)
        self._language = language
        self._request_ahead()

    def speak(self, text: str, language: str, voice: Voice, speed: float, target: Path) -> None:
        """Raises :class:`Misconfigured` or :class:`TemporaryFailure` if the server accepts no
        request."""
        ahead = self._ahead.pop((text, voice), None)
        try:
            if ahead:
                file = ahead.result()
            else:
                file = self._spoken(self._body(text, language, voice, speed))
            self._request_ahead()
        except BaseException:
            self.close()
            raise
        if file:
            file.replace(target)

    def close(self) -> None:
        """End all requests."""
        self._client.close()

    def _request_ahead(self) -> None:
        while self._announced and len(self._ahead) < self._settings.concurrency:
            text, voice = self._announced.popleft()
            if (text, voice) in self._ahead:
                continue
            future: Future[Path | None] = Future()
            self._ahead[text, voice] = future
            body = self._body(text, self._language, voice, 1.0)
            # A pool would keep a stage that has failed from ending.
            Thread(target=self._fulfill, args=(future, body), daemon=True).start()

    def _fulfill(self, future: Future[Path | None], body: dict[str, Any]) -> None:
        try:
            future.set_result(self._spoken(body))
        except BaseException as error:
            future.set_exception(error)

    def _body(self, text: str, language: str, voice: Voice, speed: float) -> dict[str, Any]:
        settings = self._settings
        body: dict[str, Any] = {
            "model": settings.model,
            "input": text,
            "response_format": settings.response_format.value,
        }
        name = self.voice_name(voice, language)
        if settings.clone is Clone.UPLOAD:
            name = self._upload(voice)
        elif settings.clone is Clone.REF_AUDIO and voice.sample:
            recording = base64.b64encode(voice.sample.read_bytes()).decode()
            body["ref_audio"] = f"data:audio/wav;base64,{recording}"
            body["language"] = primary(language)
            if voice.sample_text:
                body["ref_text"] = voice.sample_text
        if name:
            body["voice"] = name
        rate = settings.speed * (speed if settings.adapt_speed else 1.0)
        if rate != 1.0:
            body["speed"] = round(min(max(rate, 0.25), 4.0), 3)
        if settings.duration_field:
            body[settings.duration_field] = round(SpeechRate(language).predict(text) / speed, 2)
        return {**body, **settings.extra_body}

    def _upload(self, voice: Voice) -> str:
        """The name of a voice on the server, which has the recording."""
        # A speaker who also whispers has another recording for that, and the server keeps the words
        # of a recording with it.
        digest = key_of({"recording": voice.sample_sha256, "words": voice.sample_text})
        name = f"dubjob-{digest[:16]}"
        if name not in self._uploaded:
            assert voice.sample
            self._client.upload(name, voice.sample, voice.sample_text)
            self._uploaded.add(name)
        return name

    def _spoken(self, body: dict[str, Any]) -> Path | None:
        """The audio as a WAV file; None if the server does not speak the text.

        Raises :class:`Misconfigured` if it does not speak a plain text in that voice either.
        """
        text, voice = body["input"], str(body.get("voice", ""))
        if (text, voice) in self._rejected:
            return None
        try:
            file = self._audio(body)
        except Rejected as error:
            logger.warning("no audio for %r: %s", text, error)
            if error.is_final:
                self._rejected.add((text, voice))
            if voice not in self._proved:
                self._prove({**body, "input": PLAIN_TEXT}, voice)
            return None
        self._proved.add(voice)
        return file

    def _prove(self, body: dict[str, Any], voice: str) -> None:
        """Find out whether the server speaks in a voice at all."""
        try:
            self._audio(body).unlink()
        except Rejected as error:
            if error.status < 500:
                raise self._client.unusable(voice, str(error)) from error
        else:
            self._proved.add(voice)

    def _audio(self, body: dict[str, Any]) -> Path:
        """The server's audio as a WAV file. Raises :class:`Rejected` without any."""
        raw = self._scratch / f"answer-{next(self._numbers)}"
        target = raw.with_suffix(".wav")
        try:
            self._client.speak(body, raw)
            longest = ["-t", str(LONGEST_SECONDS + 1)]
            seconds = run([*self._input(raw), *longest, *AS_FLOATS, "-f", "wav", target])
        except MediaError as error:
            raise Rejected(f"no audio in the answer ({error})") from error
        finally:
            raw.unlink(missing_ok=True)
        if seconds > LONGEST_SECONDS:
            target.unlink()
            raise Rejected(f"audio of more than {LONGEST_SECONDS:g} s")
        return target

    def _input(self, raw: Path) -> list[str]:
        """The arguments that make ffmpeg read an answer. The header of a stream names no length,
        and some servers send another format than the one that was requested."""
        start = _start(raw)
        if self._settings.response_format is not AudioFormat.PCM or start.startswith(HEADERS):
            return input_file(raw)
        if start.startswith(TEXT_STARTS) and start.isascii() and b"\0" not in start:
            raise Rejected(f"a text instead of audio: {start[:80].decode()}")
        # An odd byte at the end is half a sample.
        return ["-f", "s16le", "-ar", str(self._settings.pcm_rate), "-i", f"file:{raw}"]


def _start(file: Path) -> bytes:
    with file.open("rb") as content:
        return content.read(START_BYTES)
