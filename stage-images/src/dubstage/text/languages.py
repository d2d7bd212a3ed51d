"""BCP 47 tags, and the codes that media files and engines use in their place."""

from __future__ import annotations

from dubstage.engines.languages import Languages

ISO_639_2 = dict(
    pair.split(":")
    for pair in (
        "af:afr am:amh ar:ara as:asm az:aze ba:bak be:bel bg:bul bn:ben bo:bod br:bre bs:bos "
        "ca:cat cs:ces cy:cym da:dan de:deu el:ell en:eng es:spa et:est eu:eus fa:fas fi:fin "
        "fo:fao fr:fra gl:glg gu:guj ha:hau haw:haw he:heb hi:hin hr:hrv ht:hat hu:hun hy:hye "
        "id:ind is:isl it:ita ja:jpn jw:jav ka:kat kk:kaz km:khm kn:kan ko:kor la:lat lb:ltz "
        "ln:lin lo:lao lt:lit lv:lav mg:mlg mi:mri mk:mkd ml:mal mn:mon mr:mar ms:msa mt:mlt "
        "my:mya ne:nep nl:nld nn:nno no:nor oc:oci pa:pan pl:pol ps:pus pt:por ro:ron ru:rus "
        "sa:san sd:snd si:sin sk:slk sl:slv sn:sna so:som sq:sqi sr:srp su:sun sv:swe sw:swa "
        "ta:tam te:tel tg:tgk th:tha tk:tuk tl:tgl tr:tur tt:tat uk:ukr ur:urd uz:uzb vi:vie "
        "yi:yid yo:yor yue:yue zh:zho"
    ).split()
)
"""ISO 639-1 to the three letters (639-2/T) that media files use: the languages that
Whisper knows (its tokenizer's list)."""

UNSPACED = frozenset({"ja", "km", "lo", "my", "th", "yue", "zh"})
"""Written without spaces between words."""


def is_spaced(tag: str) -> bool:
    """True for a language that puts spaces between words."""
    return primary(tag) not in UNSPACED


ALIASES = {"fil": "tl", "jv": "jw", "nb": "no"}
"""Filipino, Javanese and Bokmål: BCP 47's code → the engines'."""


def primary(tag: str) -> str:
    """The language of a BCP 47 tag, as the engines name it: ``es`` of ``es-MX``, ``no`` of
    ``nb-NO``."""
    language = tag.partition("-")[0].lower()
    return ALIASES.get(language, language)


def media_code(tag: str) -> str:
    """The three letters that media files use; ``und`` where unknown."""
    language = primary(tag)
    return ISO_639_2.get(language, language if len(language) == 3 else "und")


def engine_code(tag: str, languages: Languages) -> str | None:
    """The engine's own code for a BCP 47 tag; None for a language that it does not have."""
    whole = tag.lower()
    own = languages.other_tags.get(whole[:7].rstrip("-"), whole)
    candidates = (own, primary(tag), media_code(tag))
    return next((code for code in candidates if code in languages.codes), None)
