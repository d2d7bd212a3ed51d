"""Environment variables that a profile gives to a stage."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dubjob_operator.api.fields import ObjectName, exactly_one_of
from dubjob_operator.api.model import ApiModel
from dubstage.contract import RESERVED_ENVIRONMENT

_RESERVED = ", ".join(f"'{name}'" for name in RESERVED_ENVIRONMENT)


VariableName = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        max_length=253,
        json_schema_extra={
            "x-kubernetes-validations": [
                {
                    "rule": f"!(self in [{_RESERVED}])",
                    "message": "the operator sets this variable itself; choose another name "
                    f"than {', '.join(RESERVED_ENVIRONMENT)}",
                }
            ]
        },
    ),
]
DataKey = Annotated[str, Field(pattern=r"^[-._a-zA-Z0-9]+$", max_length=253)]


class KeyReference(ApiModel):
    """One key of a Secret or a ConfigMap in the DubJob's namespace."""

    name: ObjectName
    """Name of the Secret or ConfigMap."""
    key: DataKey
    """Key in the Secret or ConfigMap."""
    optional: bool | None = None
    """Whether the stage starts without the variable if the object or the key is missing.
    Defaults to false."""


class VariableSource(
    ApiModel,
    json_schema_extra=exactly_one_of("secretKeyRef", "configMapKeyRef"),
):
    """Where the value of a variable comes from."""

    secret_key_ref: KeyReference | None = None
    """Key of a Secret, for example an API key."""
    config_map_key_ref: KeyReference | None = None
    """Key of a ConfigMap."""


class Variable(
    ApiModel,
    json_schema_extra=exactly_one_of("value", "valueFrom"),
):
    """One environment variable."""

    name: VariableName
    """Name of the variable."""
    value: Annotated[str, Field(max_length=8192)] | None = None
    """Value of the variable. It can be read by everyone who can read the profile:
    use valueFrom for secrets."""
    value_from: VariableSource | None = None
    """Source of the value."""


class ObjectReference(ApiModel):
    """A Secret or a ConfigMap in the DubJob's namespace."""

    name: ObjectName
    """Name of the Secret or ConfigMap."""
    optional: bool | None = None
    """Whether the stage starts if the object is missing. Defaults to false."""


class VariablesSource(
    ApiModel,
    json_schema_extra=exactly_one_of("secretRef", "configMapRef"),
):  # fmt: skip
    """A Secret or a ConfigMap whose keys become variables."""

    secret_ref: ObjectReference | None = None
    """Secret whose keys become variables."""
    config_map_ref: ObjectReference | None = None
    """ConfigMap whose keys become variables."""
