"""Requests to the server, and what their failures mean."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any

import httpx
from tenacity import Retrying
from tenacity.nap import sleep_using_event

from dubstage.engines import http_answer
from dubstage.engines.openai_api import KEY_VARIABLE, TRANSIENT_STATUS, is_about_model
from dubstage.engines.retries import PATIENT_ATTEMPTS, Refused, patient, seconds_until
from dubstage.errors import Misconfigured, TemporaryFailure
from dubstage.synthesize.openai_speech.loop import Loop
from dubstage.synthesize.openai_speech.settings import Settings

UNAVAILABLE_STATUS = frozenset({502, 503, 504})
"""Statuses of a server that is overloaded or absent. A 500 is about one text."""
SPEECH, VOICES = "/audio/speech", "/audio/voices"
MAX_ANSWER_BYTES = 128 << 20
"""Bytes of an answer with audio, which goes to a file."""
MAX_MESSAGE_BYTES = 1 << 20
"""Bytes of any other answer, which is held in memory."""
QUOTED = 200
"""Characters of the server's own message."""
TEXT_TYPES = ("text/", "application/json", "application/problem+json")
"""Types of an answer that is not audio: the page of a proxy, or an error with status 200."""


class Rejected(Exception):
    """The server does not speak this text; the text of the error is its own message."""

    def __init__(self, text: str, status: int = 200) -> None:
        super().__init__(text)
        self.status = status
        """The status of the response; 200 for one without audio."""

    @property
    def is_final(self) -> bool:
        """Whether another attempt with the same text is useless."""
        return 400 <= self.status < 500


class SpeechClient:
    """The speech API of one server. Threads can share it."""

    def __init__(self, settings: Settings, key: str | None) -> None:
        self._settings = settings
        self._url = settings.url.rstrip("/")
        self._http = http_answer.client(settings.timeout_seconds, key)
        self._loop = Loop()
        self._closed = Event()

    def close(self) -> None:
        """End all requests, also those that wait for their next attempt."""
        self._closed.set()
        self._loop.close(self._http.aclose)

    def speak(self, body: dict[str, Any], target: Path) -> None:
        """Write the audio of one text, in any format.

        Raises :class:`Rejected`, :class:`Misconfigured` for a wrong address, key or model, and
        :class:`TemporaryFailure` if the server does not respond after several attempts.
        """
        self._patiently(SPEECH, {"json": body}, target)

    def upload(self, name: str, recording: Path, text: str | None) -> None:
        """Give the server a voice. Raises as :meth:`speak` does."""
        fields = {"name": name, "consent": name, **({"ref_text": text} if text else {})}
        files = {"audio_sample": (f"{name}.wav", recording.read_bytes(), "audio/wav")}
        try:
            self._patiently(VOICES, {"data": fields, "files": files}, None)
        except Rejected as error:
            if "exist" not in str(error).lower():
                raise self._misconfigured(f"does not accept the voice {name} ({error})") from error

    def _patiently(self, path: str, fields: dict[str, Any], target: Path | None) -> None:
        try:
            retrying = Retrying(**patient(Refused), sleep=sleep_using_event(self._closed))
            retrying(self._once, path, fields, target)
        except Refused as error:
            raise TemporaryFailure(
                f"{self._settings.url} did not speak after {PATIENT_ATTEMPTS} attempts ({error}): "
                "retry later, or check the server. The clips that were made are kept.",
                reason="SpeechUnavailable",
            ) from error

    def _once(self, path: str, fields: dict[str, Any], target: Path | None) -> None:
        seconds = self._settings.timeout_seconds
        try:
            with http_answer.refusals(seconds):
                self._loop.result(self._send(path, fields, target), seconds)
        except http_answer.TooLarge as error:
            raise Rejected(str(error)) from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise self._misconfigured(f"is not a URL that can be opened ({error})") from error

    async def _send(self, path: str, fields: dict[str, Any], target: Path | None) -> None:
        """Write what the server sends to `target`; None if its success is enough."""
        async with self._http.stream("POST", self._url + path, **fields) as response:
            kind = response.headers.get("content-type", "")
            if not response.is_success or kind.startswith(TEXT_TYPES):
                message = await http_answer.content(response, MAX_MESSAGE_BYTES)
                self._check(response, message)
                if target:
                    raise Rejected(f"an answer of type {kind}: {_quoted(message)}")
            elif target:
                with target.open("wb") as file:
                    async for part in http_answer.parts(response, MAX_ANSWER_BYTES):
                        file.write(part)

    def _check(self, response: httpx.Response, content: bytes) -> None:
        """Raise what the status of a response means, unless it is a success."""
        status = response.status_code
        if status == 409 and response.request.url.path.endswith(VOICES):
            raise Rejected("it exists already", status)
        if status in UNAVAILABLE_STATUS or status in TRANSIENT_STATUS:
            if b"insufficient_quota" in content:
                raise self._misconfigured("has no quota left for this key")
            raise Refused(f"status {status}", seconds_until(response.headers.get("retry-after")))
        if status in (401, 403):
            raise self._misconfigured(
                f"refused the key with status {status}; expected a valid key in the variable "
                f"{KEY_VARIABLE}, for example from a Secret in envFrom of the stage"
            )
        if status in (404, 405) or is_about_model(content, status):
            raise self._misconfigured(
                f"has no speech API at this URL, or no model {self._settings.model} "
                f"(status {status}: {_quoted(content)})"
            )
        if 300 <= status < 400:
            raise self._misconfigured(f"redirects (status {status}); expected its final URL")
        if status >= 400:
            raise Rejected(f"status {status}: {_quoted(content)}", status)

    def unusable(self, voice: str | None, reason: str) -> Misconfigured:
        """The failure of a server that does not speak the plainest text in that voice."""
        named = f"the voice {voice}" if voice else "any voice"
        return self._misconfigured(f"does not speak with {named} ({reason})")

    def _misconfigured(self, what: str) -> Misconfigured:
        return Misconfigured(
            f"The server {self._settings.url} of profile stage synthesize {what}. Correct the "
            "parameters url, model and voices, or the key.",
            reason="SpeechRefused",
        )


def _quoted(content: bytes) -> str:
    """The beginning of what the server says, in one line."""
    return " ".join(content[: 4 * QUOTED].decode(errors="replace").split())[:QUOTED]
