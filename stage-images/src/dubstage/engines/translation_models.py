"""The families of translation models that the engine ``ctranslate2`` runs: data.

A family has its own way to name languages, and a license. The pairs of ``apertium`` and
``bergamot`` are in :mod:`dubstage.engines.languages`.
"""

from __future__ import annotations

import re
from enum import Enum

from dubstage.contract import EngineChoice
from dubstage.engines.languages import Languages
from dubstage.engines.repositories import Hub, Source


class Family(str, Enum):
    """A family of translation models, by the beginning of their names."""

    OPUS_MT = "opus-mt"
    M2M_100 = "m2m100"
    MADLAD_400 = "madlad400"
    NLLB_200 = "nllb-200"

    def __str__(self) -> str:
        return self.value


FAMILY_PARAMETER = "family"
"""The engine's parameter for a model whose name does not say its family."""

M2M_100 = Languages(
    frozenset(
        "af am ar ast az ba be bg bn br bs ca ceb cs cy da de el en es et fa ff fi fr fy ga gd gl "
        "gu ha he hi hr ht hu hy id ig ilo is it ja jv ka kk km kn ko lb lg ln lo lt lv mg mk ml "
        "mn mr ms my ne nl no oc or pa pl ps pt ro ru sd si sk sl so sq sr ss su sv sw ta th tl tn "
        "tr uk ur uz vi wo xh yi yo zh zu".split()
    )
)
"""The model's own list, without its code for Northern Sotho, ``ns``, which is no BCP 47 tag."""

MADLAD_400 = Languages(
    frozenset(
        "af ak am ar as ay az ba be bg bm bn bo br bs ca ceb co cs cv cy da de dv dz ee el en eo "
        "es et eu fa ff fi fil fj fo fr fy ga gd gl gn gu gv ha haw he hi hmn hr ht hu hy id ig "
        "ilo is it iu ja jv ka kk kl km kn ko ku kw ky la lb lg ln lo lt lv mg mi mk ml mn mr ms "
        "mt my ne nl no nso nv ny oc om or os pa pap pl ps pt qu rm rn ro ru rw sa sah sd se sg si "
        "sk sl sm sn so sq sr ss st su sv sw ta te tet tg th ti tk tn to tr ts tt ug uk ur uz ve "
        "vi wa war wo xh yi yo yue za zh zu".split()
    )
)
"""Of the more than 400 languages of the model, those that are recognized or spoken by an
engine, and their relatives."""

NLLB_200 = Languages(
    frozenset(
        "afr-Latn amh-Ethi arb-Arab asm-Beng ast-Latn azj-Latn bak-Cyrl bel-Cyrl ben-Beng bod-Tibt "
        "bos-Latn bul-Cyrl cat-Latn ceb-Latn ces-Latn ckb-Arab cym-Latn dan-Latn deu-Latn ell-Grek "
        "eng-Latn epo-Latn est-Latn eus-Latn ewe-Latn fao-Latn fij-Latn fin-Latn fra-Latn fuv-Latn "
        "gaz-Latn gla-Latn gle-Latn glg-Latn grn-Latn guj-Gujr hat-Latn hau-Latn heb-Hebr hin-Deva "
        "hrv-Latn hun-Latn hye-Armn ibo-Latn ilo-Latn ind-Latn isl-Latn ita-Latn jav-Latn jpn-Jpan "
        "kan-Knda kas-Arab kat-Geor kaz-Cyrl khk-Cyrl khm-Khmr kin-Latn kir-Cyrl kmr-Latn kor-Hang "
        "lao-Laoo lin-Latn lit-Latn ltz-Latn lug-Latn lvs-Latn mal-Mlym mar-Deva mkd-Cyrl mlt-Latn "
        "mri-Latn mya-Mymr nld-Latn nno-Latn nob-Latn npi-Deva nso-Latn nya-Latn oci-Latn ory-Orya "
        "pan-Guru pap-Latn pbt-Arab pes-Arab plt-Latn pol-Latn por-Latn ron-Latn run-Latn rus-Cyrl "
        "sag-Latn san-Deva sin-Sinh slk-Latn slv-Latn smo-Latn sna-Latn snd-Arab som-Latn sot-Latn "
        "spa-Latn srp-Cyrl ssw-Latn sun-Latn swe-Latn swh-Latn tam-Taml tat-Cyrl tel-Telu tgk-Cyrl "
        "tgl-Latn tha-Thai tir-Ethi tsn-Latn tso-Latn tuk-Latn tur-Latn uig-Arab ukr-Cyrl urd-Arab "
        "uzn-Latn vie-Latn war-Latn wol-Latn xho-Latn ydd-Hebr yor-Latn yue-Hant zho-Hans zho-Hant "
        "zsm-Latn zul-Latn als-Latn".split()
    )
)
"""The model's own codes with a hyphen, without dialects of one of them."""

_LANGUAGES = {
    Family.M2M_100: M2M_100,
    Family.MADLAD_400: MADLAD_400,
    Family.NLLB_200: NLLB_200,
}
_PAIR = re.compile(r"opus-mt-(?:tc-big-)?([a-z]{2})-([a-z]{2})")
"""The name of an OPUS-MT model for two languages. Others have groups of languages or codes of
three letters, and their vocabulary names the targets."""

_FILES = ("config.json", "model.bin", "*vocabulary.*", "*.spm", "*.model")
_REQUIRED = ("config.json", "model.bin", "*vocabulary.json|*vocabulary.txt", "*.model")
_REPOSITORIES = {
    "m2m100_418M": "michaelfeil/ct2fast-m2m100_418M",
    "m2m100_1.2B": "michaelfeil/ct2fast-m2m100_1.2B",
    "madlad400-3b-mt": "Heng666/madlad400-3b-mt-ct2-int8",
    "madlad400-10b-mt": "Heng666/madlad400-10b-mt-ct2-int8",
}
"""Models that somebody converted and stored with their tokenizer. The licenses are MIT for
M2M-100 and Apache-2.0 for MADLAD-400. NLLB-200 is CC-BY-NC-4.0, for noncommercial use only, and
is therefore never downloaded."""


def family_of(choice: EngineChoice) -> Family | None:
    """The family of the chosen model, by the parameter ``family`` or by its name; None if
    neither says it."""
    name = str(choice.parameters.get(FAMILY_PARAMETER) or choice.model or "")
    return next((family for family in Family if name.startswith(family.value)), None)


def languages_of(choice: EngineChoice) -> Languages | None:
    """The languages of the chosen model; None if its name does not say them."""
    family = family_of(choice)
    return _LANGUAGES.get(family) if family else None


def pairs_of(choice: EngineChoice) -> dict[str, tuple[str, ...]] | None:
    """The source and the target of a model for two languages; None for any other."""
    pair = _PAIR.fullmatch(choice.model or "")
    return {pair[1]: (pair[2],)} if pair and family_of(choice) is Family.OPUS_MT else None


def converted(model: str) -> tuple[Source, ...]:
    """Where a converted model comes from; empty for one that users convert themselves."""
    if model not in _REPOSITORIES:
        return ()
    return (Source(Hub.HUGGING_FACE, _REPOSITORIES[model], _FILES, _REQUIRED),)
