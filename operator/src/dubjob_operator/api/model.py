"""The base class of all API models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, model_validator
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from dubjob_operator.api.renamed import Renamed, refused_properties


class ApiModel(BaseModel):
    """An API model: fields are camelCase in JSON, and their docstrings become descriptions.

    Unknown fields are ignored: they belong to a later version of the API.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )


class ModelWithRenamedFields(ApiModel):
    """An API model some of whose fields had other names.

    A class of its own, because to look at every object of a status for old names was a tenth of
    the time of a reconcile.
    """

    renamed: ClassVar[Mapping[str, Renamed]] = {}
    """Old names of fields in JSON. The API server and the operator refuse
    an object that has one, with a message that names the new field."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_renamed_fields(cls, data: Any) -> Any:
        if isinstance(data, Mapping):
            for name, field in cls.renamed.items():
                if name in data:
                    raise PydanticCustomError("renamed", "{text}", {"text": field.message(name)})
        return data

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler(core_schema)
        if cls.renamed:
            own = handler.resolve_ref_schema(schema)
            own["properties"] = own.get("properties", {}) | refused_properties(cls.renamed)
        return schema
