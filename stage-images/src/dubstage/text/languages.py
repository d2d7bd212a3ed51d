"""Languages: BCP 47 tags in, and what each engine can do with them.

Engines declare their languages here, as data, so that ingest can refuse one that a
chosen engine does not have before a GPU is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable

from dubstage.contract import EngineChoice, Stage, StageRequest
from dubstage.errors import BadInput

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

APERTIUM_PAIRS = {"ca": ("en",), "en": ("ca", "es"), "es": ("en",)}
"""Source → targets of the pairs in the cpu image."""

GOOGLE_CODES = frozenset(
    (
        "af sq am ar hy as ay az bak eu be bn bho bs bre bg yue ca ceb co hr cs da dv doi nl en eo "
        "et fao fil fi fr fy gl ka de el gn gu ht ha haw he hi hmn hu is ig ilo id ga it ja jv jw "
        "kn kk km rw gom ko kri ku ckb ky lo la lv ln lt lg lb mk mai mg ms ml mt mi mr lus mn my "
        "ne no ny oci or om ps fa pl pt pa qu ro ru sm sa gd nso sr st sn sd si sk sl so es su sw "
        "sv tl tg ta tt te th bod ti ts tr tk ak uk ur ug uz vi cy xh yi yo zh zh-cn zh-tw zu"
    ).split()
)
"""Google Translate's own codes, as googletrans 4.0.2 lists them: of a language that has two
letters elsewhere it uses three for some."""
GOOGLE_SCRIPTS = {
    "zh-hans": "zh-cn", "zh-sg": "zh-cn", "zh-hant": "zh-tw", "zh-hk": "zh-tw", "zh-mo": "zh-tw",
}  # fmt: skip
"""Chinese by script or place → Google's code."""

ESPEAK_VOICES = frozenset(
    (
        "af am ar as az ba be bg bn bs ca cs cy da de el en es et eu fa fi fr gu haw he hi hr ht "
        "hu hy id is it ja ka kk kn ko la lb lt lv mi mk ml mr ms mt my ne nl nn no om pa pl pt "
        "ro ru sd si sk sl sq sr sv sw ta te th tk tr tt uk ur uz vi zh"
    ).split()
)
"""Voices that espeak-ng 1.51 lists by a language's two or three letters."""

GTTS_VOICES = frozenset(
    (
        "af am ar bg bn bs ca cs cy da de el en es et eu fi fr gl gu ha he hi hr hu id is it ja "
        "jw km kn ko la lt lv ml mr ms my ne nl no pa pl pt ro ru si sk sq sr su sv sw ta te th "
        "tl tr uk ur vi yue zh"
    ).split()
)
"""Google's voices, as gTTS 2.5 lists them."""

COSYVOICE_2 = frozenset({"en", "ja", "ko", "yue", "zh"})
COSYVOICE_3 = COSYVOICE_2 | {"de", "es", "fr", "it", "ru"}
"""What the models' own pages name."""

SPEAKS: dict[str, frozenset[str]] = {"espeak-ng": ESPEAK_VOICES, "gtts": GTTS_VOICES}
"""Voices by synthesis engine; an engine that is not here checks by itself."""

HEARS: dict[str, frozenset[str]] = {
    "faster-whisper": frozenset(ISO_639_2),
    "whisperx": frozenset(ISO_639_2),
}
"""Languages by recognition engine."""


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


def google_code(tag: str) -> str | None:
    """Google Translate's code for a BCP 47 tag; None where it has none."""
    whole = tag.lower()
    candidates = (GOOGLE_SCRIPTS.get(whole[:7].rstrip("-"), whole), primary(tag), media_code(tag))
    return next((code for code in candidates if code in GOOGLE_CODES), None)


def check(request: StageRequest) -> None:
    """Raise :class:`BadInput` for a language that a chosen engine does not have.

    Where the spoken language is to be detected, only the target is checked.
    """
    source, target = request.source_language, request.target_language
    if source and primary(source) == primary(target):
        raise BadInput(
            f"spec.sourceLanguage and spec.targetLanguage are both {target}: there is nothing to "
            "dub.",
            reason="SameLanguage",
        )
    if source:
        hears = HEARS.get(request.engines[Stage.TRANSCRIBE].engine)
        _require(source, hears, request, Stage.TRANSCRIBE, "sourceLanguage")
        check_pair(request, source)
    speaks = voices_of(request.engines[Stage.SYNTHESIZE])
    _require(target, speaks, request, Stage.SYNTHESIZE, "targetLanguage")


def voices_of(choice: EngineChoice) -> frozenset[str] | None:
    """The languages that a synthesis engine speaks; None where it checks by itself."""
    if choice.engine == "cosyvoice":
        return COSYVOICE_2 if "CosyVoice2" in (choice.model or "") else COSYVOICE_3
    return SPEAKS.get(choice.engine)


def check_pair(request: StageRequest, source: str) -> None:
    """Raise :class:`BadInput` where the translation engine lacks the pair."""
    target = request.target_language
    if request.engines[Stage.TRANSLATE].engine == "googletrans":
        for tag, field in ((source, "sourceLanguage"), (target, "targetLanguage")):
            if google_code(tag) is None:
                raise BadInput(
                    f"The engine googletrans of profile stage translate does not have the "
                    f"language {tag} of spec.{field}: choose another, or a profile with another "
                    "engine.",
                    reason="LanguageUnsupported",
                )
        return
    if request.engines[Stage.TRANSLATE].engine != "apertium":
        return
    targets = APERTIUM_PAIRS.get(primary(source), ())
    if primary(target) not in targets:
        raise BadInput(
            f"The engine apertium of profile stage translate cannot translate {source} to "
            f"{target}; it has {_pairs()}. Choose one of these, or a profile with another engine.",
            reason="LanguageUnsupported",
        )


def _require(
    tag: str, languages: Iterable[str] | None, request: StageRequest, stage: Stage, field: str
) -> None:
    if languages is None or primary(tag) in languages:
        return
    raise BadInput(
        f"The engine {request.engines[stage].engine} of profile stage {stage} does not have the "
        f"language {tag} of spec.{field}; it has {', '.join(sorted(languages))}.",
        reason="LanguageUnsupported",
    )


def _pairs() -> str:
    return ", ".join(
        f"{source} to {target}" for source, targets in APERTIUM_PAIRS.items() for target in targets
    )
