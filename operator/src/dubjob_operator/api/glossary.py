"""Terms from the ear to the mouth: recognized, translated and pronounced as the user says."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from dubjob_operator.api.fields import LANGUAGE_TAG, ObjectName
from dubjob_operator.api.model import ApiModel

GlossaryText = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]+$", min_length=1, max_length=200)]

TAG_RULE = "use BCP 47 tags as keys of say, for example es or pt-BR"


def _has_tags(say: dict[str, str]) -> dict[str, str]:
    if not all(re.fullmatch(LANGUAGE_TAG, tag) for tag in say):
        raise PydanticCustomError("tags", "{text}", {"text": TAG_RULE})
    return say


Pronunciations = Annotated[
    dict[str, GlossaryText],
    Field(
        max_length=16,
        json_schema_extra={
            "x-kubernetes-validations": [
                {"rule": f"self.all(tag, tag.matches('{LANGUAGE_TAG}'))", "message": TAG_RULE}
            ]
        },
    ),
    AfterValidator(_has_tags),
]


class GlossaryEntry(ApiModel):
    """A term with its translation and pronunciation."""

    term: GlossaryText
    """Term in the source language. Matching ignores case."""
    translation: GlossaryText | None = None
    """Translation of the term. If omitted, the term is not translated."""
    hear: Annotated[list[GlossaryText], Field(max_length=8)] | None = None
    """Spellings that the recognizer prefers, for example the term itself. Defaults to none."""
    say: Pronunciations | None = None
    """Pronunciation of the translation by BCP 47 tag: a respelling such as `cubernetis`, IPA such
    as `/kuberˈnetis/`, or phonemes of espeak-ng in double square brackets. If omitted, the engine
    decides."""


class GlossaryRef(ApiModel):
    """A glossary in a ConfigMap of the DubJob's namespace."""

    name: ObjectName
    """Name of the ConfigMap. Its key `glossary.csv` holds a table with the columns term,
    translation, hear and say."""


GLOSSARY_BYTES = 196608
"""192 KiB: a glossary is an annotation of the pods, and Kubernetes allows 256 KiB of these."""
EXTRA_BYTES = 32
"""What an entry or a text of `hear` and `say` takes besides its text."""


def _fits(entries: list[GlossaryEntry]) -> list[GlossaryEntry]:
    if sum(_size(entry) for entry in entries) > GLOSSARY_BYTES:
        raise PydanticCustomError("glossary", "{text}", {"text": GLOSSARY_TOO_LONG})
    return entries


def _size(entry: GlossaryEntry) -> int:
    # JSON escapes quotation marks in these texts.
    extra = [*(entry.hear or ()), *(entry.say or {}).values()]
    return (
        len(entry.term.encode())
        + len((entry.translation or "").encode())
        + sum(2 * len(text.encode()) + EXTRA_BYTES for text in extra)
    )


GLOSSARY_TOO_LONG = (
    f"glossary must not be longer than {GLOSSARY_BYTES // 1024} KiB in UTF-8, where hear and say "
    "count twice: remove terms, or move them to a ConfigMap for glossaryRef"
)
_SIZE_RULE = (
    "self.map(entry, size(bytes(entry.term)) + "
    "(has(entry.translation) ? size(bytes(entry.translation)) : 0) + "
    f"(has(entry.hear) ? entry.hear.map(text, 2 * size(bytes(text)) + {EXTRA_BYTES}).sum() : 0) + "
    "(has(entry.say) ? entry.say.map(tag, 2 * size(bytes(entry.say[tag])) + "
    f"{EXTRA_BYTES}).sum() : 0)).sum() <= {GLOSSARY_BYTES}"
)
Glossary = Annotated[
    list[GlossaryEntry],
    Field(
        max_length=500,
        json_schema_extra={
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["term"],
            "x-kubernetes-validations": [{"rule": _SIZE_RULE, "message": GLOSSARY_TOO_LONG}],
        },
    ),
    AfterValidator(_fits),
]
