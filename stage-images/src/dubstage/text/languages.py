"""BCP 47 tags, and the codes that media files and engines use in their place."""

from __future__ import annotations

from collections.abc import Iterable

from langcodes import Language, closest_supported_match, standardize_tag, tag_distance, tag_is_valid
from langcodes.tag_parser import LanguageTagError

from dubstage.engines.languages import Languages

UNDETERMINED = "und"
"""The code for a language that nobody named, or that has no code."""

NOT_ONE_LANGUAGE = frozenset({UNDETERMINED, "mis", "mul", "zxx"})
"""Codes of ISO 639-2 for a language without a code, several languages, and audio without words."""

UNSPACED = frozenset({"ja", "km", "lo", "my", "th", "yue", "zh"})
"""Written without spaces between words."""

NOT_LATIN_AMERICA = frozenset({"EA", "ES", "GQ", "IC", "PH"})
"""Regions with Spanish that the accent ``es-419`` does not cover."""

SAME_LANGUAGE = 1
"""The distance, according to CLDR, of two names of one language: Bokmål and Norwegian."""

VARIANTS = 20
"""The same of languages that neither a recognizer nor their words distinguish: Croatian, Bosnian
and Serbian, Danish and Norwegian. The words of Czech and Slovak, or of Danish and Swedish, do."""

INCLUDING = {"Hang": {"Kore"}, "Hani": {"Hans", "Hant"}, "Aran": {"Arab"}}
"""Scripts that also have the name of the key (ISO 15924): Korean, with or without Chinese
characters, is in Hangul, and Nastaliq is a style of the Arabic script."""

ANY_VARIANT = 1000
"""A distance that no script or region exceeds."""


def standard(tag: str) -> str:
    """The standard form of a tag: ``fil`` for ``tl``, ``zh-Hans`` for ``cmn-Hans``.

    ``und`` for a text that is not a tag; files hold such texts.
    """
    try:
        return standardize_tag(tag, macro=True)
    except LanguageTagError:
        return UNDETERMINED


def primary(tag: str) -> str:
    """The language of a tag, without script and region: ``es`` of ``es-MX``."""
    return Language.get(standard(tag)).language or UNDETERMINED


def names_language(tag: str) -> bool:
    """Whether a tag that a file declares names one spoken language: not ``und``, several, none, a
    code for private use, or a code that does not exist."""
    code = primary(tag)
    is_private = code.startswith("x-") or "qaa" <= code <= "qtz"
    return not is_private and code not in NOT_ONE_LANGUAGE and tag_is_valid(code)


def is_spaced(tag: str) -> bool:
    """Whether the language puts spaces between words."""
    return primary(tag) not in UNSPACED


def same_language(one: str, other: str) -> bool:
    """Whether two tags name one language, whatever their scripts and regions."""
    return tag_distance(primary(one), primary(other)) <= SAME_LANGUAGE


def are_variants(one: str, other: str) -> bool:
    """Whether the languages of two tags, as they are spoken, are so close that each is understood
    as the other. Their scripts do not count: Serbian is often in Cyrillic letters."""
    pair = [f"{primary(tag)}-Latn" for tag in (one, other)]
    return max(tag_distance(pair[0], pair[1]), tag_distance(pair[1], pair[0])) <= VARIANTS


def needs_translation(source: str, target: str) -> bool:
    """Whether text in `source` has to be translated for `target`: from another language, or
    from another region's variant if both tags name a region."""
    regions = {Language.get(standard(tag)).territory for tag in (source, target)}
    return not same_language(source, target) or (len(regions) == 2 and None not in regions)


def region(tag: str) -> str | None:
    """The region that a tag names: ``MX`` of ``es-MX``."""
    territory: str | None = Language.get(standard(tag)).territory
    return territory


def speaks_like(tag: str, accent: str) -> bool:
    """Whether a voice with that accent, a tag with a region, is one of the region that `tag`
    names, if it names one."""
    wanted, actual = region(tag), region(accent)
    if wanted is None or actual is None or wanted == actual:
        return True
    return "419" in (wanted, actual) and NOT_LATIN_AMERICA.isdisjoint((wanted, actual))


def nearest_region(tag: str, regions: Iterable[str]) -> str:
    """The region whose variant of the language is the nearest to that of `tag`."""
    return min(regions, key=lambda one: tag_distance(tag, f"{primary(tag)}-{one}"))


def media_code(tag: str, *, is_bibliographic: bool = False) -> str:
    """The three letters that media files use, of ISO 639-2/T, or /B if `is_bibliographic`, as
    Matroska wants it; ``und`` if unknown."""
    try:
        return Language.get(standard(tag)).to_alpha3("B" if is_bibliographic else "T")
    except LookupError:
        return UNDETERMINED


def has_script(tag: str, code: str) -> bool:
    """Whether an engine writes the language `code`, its own one, in the script that `tag` names, if
    it names one: ``sr`` is in Cyrillic letters, ``zh-TW`` in traditional ones, and ``ja`` in more
    than the kana of ``ja-Hrkt``."""
    wanted = Language.get(standard(tag)).script
    actual = Language.get(standard(code)).maximize().script
    return wanted is None or wanted == actual or actual in INCLUDING.get(wanted, ())


def engine_code(tag: str, languages: Languages) -> str | None:
    """The engine's own code for a BCP 47 tag: of the codes of that language the one whose
    script and region match best. None if the engine does not have the language."""
    codes = sorted(code for code in languages.codes if same_language(tag, code))
    if not codes:
        return None
    # For CLDR, pt and pt-BR are the same, so that it takes either.
    by_tag = {code.lower(): code for code in codes}
    same = by_tag.get(tag.lower()) or by_tag.get(standard(tag).lower())
    return same or closest_supported_match(tag, codes, max_distance=ANY_VARIANT)
