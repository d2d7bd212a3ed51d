"""The languages of each engine, in the engine's own codes.

:func:`dubstage.text.languages.engine_code` finds the code for a BCP 47 tag.
"""

from __future__ import annotations

from dataclasses import dataclass

from dubstage.contract import EngineChoice


@dataclass(frozen=True)
class Languages:
    """The languages of one engine."""

    codes: frozenset[str]
    """The engine's own codes, each a BCP 47 tag or an older code of the same language."""


def _languages(codes: str) -> Languages:
    return Languages(frozenset(codes.split()))


WHISPER = _languages(
    "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu "
    "ha haw he hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml "
    "mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw "
    "ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh"
)
"""The list of Whisper's tokenizer."""

SINCE_LARGE_V3 = frozenset({"yue"})
"""The languages of Whisper large-v3 and turbo that earlier models have no token for."""

APERTIUM_PAIRS = {"ca": ("en",), "en": ("ca", "es"), "es": ("en",)}
"""Source language to the targets that the cpu image has a pair for."""

BERGAMOT_ROUTES: dict[tuple[str, str], tuple[str, ...]] = {
    ("en", "pt"): ("enpt",),
    ("en", "es"): ("enpt", "pt-es"),
    ("en", "ca"): ("enpt", "por-cat"),
    ("pt", "en"): ("pten",),
    ("es", "en"): ("es-pt", "pten"),
    ("ca", "en"): ("cat-por", "pten"),
}
"""The steps for each pair: one of Firefox' models, for English and Portuguese, or with a hyphen one
of apertium's modes, from Portuguese and to it."""

BERGAMOT_PAIRS = {
    source: tuple(sorted(target for start, target in BERGAMOT_ROUTES if start == source))
    for source in sorted({source for source, _ in BERGAMOT_ROUTES})
}

GOOGLE_TRANSLATE = _languages(
    "af sq am ar hy as ay az bak eu be bn bho bs bre bg yue ca ceb co hr cs da dv doi nl en eo "
    "et fao fil fi fr fy gl ka de el gn gu ht ha haw he hi hmn hu is ig ilo id ga it ja jv jw "
    "kn kk km rw gom ko kri ku ckb ky lo la lv ln lt lg lb mk mai mg ms ml mt mi mr lus mn my "
    "ne no ny oci or om ps fa pl pt pa qu ro ru sm sa gd nso sr st sn sd si sk sl so es su sw "
    "sv tl tg ta tt te th bod ti ts tr tk ak uk ur ug uz vi cy xh yi yo zh-cn zh-tw zu"
)
"""Google Translate's own codes, as googletrans 4.0.2 lists them: some have three letters where
BCP 47 has two, and Chinese has a region instead of a script."""

ESPEAK = _languages(
    "af am ar as az ba be bg bn bs ca cmn cs cy da de el en en-gb en-us es es-419 et eu fa fi fr "
    "fr-be fr-ch gu haw he hi hr ht "
    "hu hy id is it ja ka kk kn ko la lb lt lv mi mk ml mr ms mt my nb ne nl nn om pa pl pt pt-br "
    "ro ru sd si sk sl sq sr sv sw ta te th tk tr tt uk ur uz vi"
)
"""The names of espeak-ng 1.51's voices, without those of dialects."""

GTTS = _languages(
    "af am ar bg bn bs ca cs cy da de el en es et eu fi fr fr-CA gl gu ha hi hr hu id is it iw ja "
    "jw km kn ko la lt lv ml mr ms my ne nl no pa pl pt pt-PT ro ru si sk sq sr su sv sw ta te th "
    "tl tr uk ur vi yue zh zh-CN zh-TW"
)
"""Google's voices, as gTTS 2.5 lists them."""

KOKORO = _languages("ca en en-GB es es-419 fr it pt")
"""The languages that were tried with espeak-ng's phonemes; Kokoro was not trained on Catalan."""

COSYVOICE_2 = _languages("en ja ko yue zh")
COSYVOICE_3 = _languages("de en es fr it ja ko ru yue zh")
"""The languages that the models' own pages name."""


ENGLISH = _languages("en")
"""The language of small.en and its like."""


def whisper(choice: EngineChoice) -> Languages:
    """The languages of the chosen Whisper model."""
    model = choice.model or ""
    if model.endswith(".en"):
        return ENGLISH
    is_new = model == "large" or any(name in model for name in ("large-v3", "turbo"))
    return WHISPER if is_new else Languages(WHISPER.codes - SINCE_LARGE_V3)


def cosyvoice(choice: EngineChoice) -> Languages:
    """The languages of the chosen CosyVoice model."""
    return COSYVOICE_2 if "CosyVoice2" in (choice.model or "") else COSYVOICE_3
