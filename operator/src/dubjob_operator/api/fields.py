"""Field types that several models share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue

JOB_ID = r"^[a-z0-9]([-_.a-z0-9]*[a-z0-9])?$"
"""One path segment. A separate rule refuses two consecutive dots."""
LABEL_VALUE = r"^[A-Za-z0-9]([-_.A-Za-z0-9]*[A-Za-z0-9])?$"

JobID = Annotated[
    str,
    Field(
        pattern=JOB_ID,
        max_length=63,
        json_schema_extra={
            "x-kubernetes-validations": [
                {"rule": "!self.contains('..')", "message": "jobID must not contain '..'"}
            ]
        },
    ),
]
LANGUAGE_TAG = "^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$"
LanguageTag = Annotated[
    str,
    Field(
        max_length=35,
        json_schema_extra={
            # A rule instead of a pattern, because the API server reports a pattern as it is.
            "x-kubernetes-validations": [
                {
                    "rule": f"self.matches('{LANGUAGE_TAG}')",
                    "message": "use a BCP 47 tag, for example es or pt-BR",
                }
            ]
        },
    ),
]
"""The part of BCP 47 that names languages, scripts and regions."""
ObjectName = Annotated[str, Field(pattern=r"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$", max_length=253)]
LabelValue = Annotated[str, Field(pattern=LABEL_VALUE, min_length=1, max_length=63)]
Seconds = Annotated[int, Field(ge=1, le=2592000)]
"""Up to thirty days."""
Timestamp = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""A time in the format of Kubernetes: RFC 3339."""


def exactly_one_of(*members: str) -> dict[str, JsonValue]:
    """Return the rule of a union: exactly one of its optional `members` is set. Members of later
    versions are added to the list."""
    given = ", ".join(f"has(self.{member})" for member in members)
    return {
        "x-kubernetes-validations": [
            {
                "rule": f"[{given}].filter(given, given).size() == 1",
                "message": f"set exactly one of: {', '.join(members)}",
            }
        ]
    }
