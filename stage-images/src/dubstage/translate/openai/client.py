"""Requests to the server, and what their failures mean."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
from tenacity import AsyncRetrying

from dubstage.engines import http_answer
from dubstage.engines.openai_api import KEY_VARIABLE, TRANSIENT_STATUS, is_about_model
from dubstage.engines.retries import PATIENT_ATTEMPTS, Refused, patient, seconds_until
from dubstage.errors import Misconfigured, TemporaryFailure
from dubstage.logs import logger
from dubstage.translate.openai import stream
from dubstage.translate.openai.rejections import is_too_long, message_of, remedy
from dubstage.translate.openai.reply import Reply, whole
from dubstage.translate.openai.settings import Settings

CORRECT_ADDRESS = "Correct the parameters url and model, or the key"
MAX_ANSWER_BYTES = 4 * 2**20


class Rejected(Exception):
    """The server understood the request and does not accept it, for example its schema or its
    length."""


class TooLong(Rejected):
    """The request does not fit into the context of the model."""


class ChatClient:
    """The chat-completions API of one server."""

    def __init__(self, settings: Settings, key: str | None) -> None:
        self._settings = settings
        self._url = settings.url.rstrip("/") + "/chat/completions"
        self._http = http_answer.client(settings.timeout_seconds, key)

    async def __aenter__(self) -> ChatClient:
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def ask(
        self, messages: list[dict[str, str]], response_format: dict[str, Any] | None, rung: str
    ) -> Reply:
        """The answer to `messages`. `rung`: what the log calls the request.

        Raises :class:`Rejected`, :class:`Misconfigured` for a wrong address, key or model, and
        :class:`TemporaryFailure` if the server does not respond after several attempts.
        """
        body: dict[str, Any] = {
            "model": self._settings.model,
            "temperature": self._settings.temperature,
            "messages": messages,
            **({"response_format": response_format} if response_format else {}),
            **self._settings.extra_body,
        }
        logger.info("request to %s: %s", self._settings.model, rung)
        try:
            return await AsyncRetrying(**patient(Refused))(self._once, body)
        except Refused as error:
            raise TemporaryFailure(
                f"{self._settings.url} did not translate after {PATIENT_ATTEMPTS} attempts "
                f"({error}): retry later, or check the server. What was translated is kept.",
                reason="TranslationUnavailable",
            ) from error

    async def _once(self, body: dict[str, Any]) -> Reply:
        try:
            with http_answer.refusals(self._settings.timeout_seconds):
                return await self._send(body)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise self._misconfigured(f"is not a URL that can be opened ({error})") from error

    async def _send(self, body: dict[str, Any]) -> Reply:
        """The answer, whose words arrive one by one; or at once, if that was requested, or from a
        server that does not stream."""
        patience, streams = self._settings.timeout_seconds, self._settings.stream
        deadline = time.monotonic() + patience
        fields = {**body, "stream": True} if streams else body
        request = self._http.build_request("POST", self._url, json=fields)
        response = await asyncio.wait_for(self._http.send(request, stream=True), patience)
        try:
            kind = response.headers.get("content-type", "")
            if streams and response.is_success and kind.startswith("text/event-stream"):
                parts = http_answer.parts(response, MAX_ANSWER_BYTES)
                return await stream.read(http_answer.lines(parts), patience)
            content = await asyncio.wait_for(
                http_answer.content(response, MAX_ANSWER_BYTES), deadline - time.monotonic()
            )
        finally:
            await response.aclose()
        self._check(response, content)
        return whole(content, kind)

    def _check(self, response: httpx.Response, content: bytes) -> None:
        """Raise what the status of a response means, unless it is a success."""
        status = response.status_code
        if status >= 500 or status in TRANSIENT_STATUS:
            if _says(content, "insufficient_quota"):
                raise self._misconfigured("has no quota left for this key")
            raise Refused(f"status {status}", seconds_until(response.headers.get("retry-after")))
        if status in (401, 403):
            raise self._misconfigured(
                f"refused the key with status {status}; expected a valid key in the variable "
                f"{KEY_VARIABLE}, for example from a Secret in envFrom of the stage"
            )
        if status == 404 or is_about_model(content, status):
            raise self._misconfigured(
                f"has no chat-completions API at this URL, or no model {self._settings.model} "
                f"(status {status})"
            )
        if status >= 400:
            said = message_of(content)
            if is_too_long(content):
                raise TooLong(f"status {status}: {said}")
            if change := remedy(content, self._settings):
                raise self._misconfigured(f"refuses a setting (status {status}: {said})", change)
            raise Rejected(f"status {status}: {said}")
        if status >= 300:
            raise self._misconfigured(f"redirects (status {status}); expected its final URL")

    def _misconfigured(self, what: str, change: str = CORRECT_ADDRESS) -> Misconfigured:
        return Misconfigured(
            f"The server {self._settings.url} of profile stage translate {what}. {change}.",
            reason="TranslationRefused",
        )


def _says(content: bytes, word: str) -> bool:
    return word.encode() in content
