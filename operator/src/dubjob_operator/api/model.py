"""What all models of the API have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, model_validator
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from dubjob_operator.api.renamed import Renamed, refused_properties


class ApiModel(BaseModel):
    """camelCase on the wire; a field's docstring becomes its description. Unknown
    fields are ignored: the API server has pruned them, or knows more than we do."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )

    renamed: ClassVar[Mapping[str, Renamed]] = {}
    """Old names of fields, as they were on the wire. The API server and the operator refuse
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
