"""The parameters of the engine."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from dubstage import json_text
from dubstage.engines.openai_api import URL_PATTERN, json_object, reason
from dubstage.errors import Misconfigured
from dubstage.text.languages import primary

ANY = "*"
"""The name of the voices for all other speakers and languages."""


class Clone(str, Enum):
    """How the server gets the recording of a speaker's voice."""

    NONE = "none"
    """Not at all: it has voices of its own."""
    REF_AUDIO = "ref_audio"
    """In each request, as the field `ref_audio`."""
    UPLOAD = "upload"
    """Once, to `/v1/audio/voices`."""


class AudioFormat(str, Enum):
    """The format of the server's audio."""

    WAV = "wav"
    PCM = "pcm"
    """16-bit samples of one channel, without a header."""


class Settings(BaseModel):
    """The parameters, as the profile sets them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, Field(pattern=URL_PATTERN)]
    """Base URL of the API, usually with `/v1`."""
    model: Annotated[str, Field(min_length=1)]
    voices: dict[str, tuple[str, ...]] = {}
    """The server's voices, by speaker, by language, or for all others."""
    clone: Clone = Clone.NONE
    response_format: AudioFormat = AudioFormat.WAV
    pcm_rate: Annotated[int, Field(ge=8000, le=192000)] = 24000
    """Hz of the format `pcm`."""
    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    """Requests at the same time."""
    timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 120.0
    """For one whole request."""
    speed: Annotated[float, Field(ge=0.25, le=4)] = 1.0
    """Speed of all segments; other than 1.0, the field `speed` is sent."""
    adapt_speed: bool = False
    """Whether the server follows the field `speed`, so that segments can be fitted with it."""
    duration_field: str = ""
    """Field in which the server takes the duration of a segment in seconds."""
    extra_body: dict[str, Any] = {}
    """More fields of each request."""

    @field_validator("extra_body", mode="before")
    @classmethod
    def _parsed(cls, value: Any) -> Any:
        return json_object(value)

    @field_validator("voices", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        """A list with commas, or a JSON object of such lists by speaker or language."""
        if not isinstance(value, str):
            return value
        if not value.lstrip().startswith("{"):
            return {ANY: _list(value)}
        return {name: _list(names) for name, names in json_text.parse(value).items()}

    @model_validator(mode="after")
    def _complete(self) -> Settings:
        if self.clone is Clone.NONE and not any(self.voices.values()):
            raise ValueError("voices is required unless clone is ref_audio or upload")
        return self

    def voices_for(self, language: str) -> tuple[str, ...]:
        """The voices that are dealt to the speakers of a language, a BCP 47 tag."""
        for name in (language, primary(language), ANY):
            if self.voices.get(name):
                return self.voices[name]
        return ()

    def voice_of(self, speaker: str, number: int, language: str) -> str | None:
        """The voice of a speaker: the own one, or the next of the language; None without any."""
        own = self.voices.get(speaker)
        if own:
            return own[0]
        dealt = self.voices_for(language)
        return dealt[number % len(dealt)] if dealt else None


def _list(text: object) -> tuple[str, ...]:
    if not isinstance(text, str):
        raise ValueError("each entry of voices is a text of names with commas")
    return tuple(name.strip() for name in text.split(",") if name.strip())


def read(parameters: Mapping[str, object]) -> Settings:
    """The settings. Raises :class:`Misconfigured` for a missing, unknown or invalid one."""
    try:
        return Settings.model_validate(dict(parameters))
    except ValidationError as error:
        name, wrong = reason(error)
        raise Misconfigured(
            f"Parameter {name or 'voices'} of the engine openai-speech in profile stage synthesize "
            f"is invalid: {wrong}. Set at least url, for example http://kokoro.models:8880/v1, "
            "model, and voices or clone."
        ) from error
