"""The parameters of the engine."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from dubstage.engines.openai_api import URL_PATTERN, json_object, reason
from dubstage.errors import Misconfigured


class Structure(str, Enum):
    """How the model is asked to structure its answer."""

    AUTO = "auto"
    """The strictest form that the server accepts and the model follows."""
    JSON_SCHEMA = "json_schema"
    JSON_OBJECT = "json_object"
    LINES = "lines"


class Settings(BaseModel):
    """The parameters, as the profile sets them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, Field(pattern=URL_PATTERN)]
    """Base URL of the API, usually with `/v1`."""
    model: Annotated[str, Field(min_length=1)]
    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    """Requests at the same time."""
    timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 60.0
    """For one whole request; if the answer is streamed, until its next words."""
    stream: bool = False
    """Whether the answer is requested word by word, for servers that take long for a whole one."""
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.2
    segments_per_request: Annotated[int, Field(ge=1, le=100)] = 8
    context_before: Annotated[int, Field(ge=0, le=50)] = 3
    context_after: Annotated[int, Field(ge=0, le=50)] = 2
    structured: Structure = Structure.AUTO
    fit: bool = True
    """Whether translations that do not fit their slot are requested again."""
    fit_rounds: Annotated[int, Field(ge=0, le=5)] = 2
    fit_after_synthesis: bool = False
    """Whether translations whose clips are too long are shortened: the operator reads it."""
    summary: bool = True
    """Whether a summary of the transcript is part of each request."""
    extra_body: dict[str, Any] = {}
    """More fields of each request."""

    @field_validator("extra_body", mode="before")
    @classmethod
    def _parsed(cls, value: Any) -> Any:
        return json_object(value)


def read(parameters: Mapping[str, object]) -> Settings:
    """The settings. Raises :class:`Misconfigured` for a missing, unknown or invalid one."""
    try:
        return Settings.model_validate(dict(parameters))
    except ValidationError as error:
        name, wrong = reason(error)
        raise Misconfigured(
            f"Parameter {name or 'parameters'} of the engine openai in profile stage translate is "
            f"invalid: {wrong}. Set at least url, for example http://vllm.models:8000/v1, and "
            "model."
        ) from error
