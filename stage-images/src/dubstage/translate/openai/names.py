"""The English names of languages, which models follow better than tags."""

from __future__ import annotations

from dubstage.text.languages import primary

NAMES = dict(
    pair.split("=")
    for pair in (
        "af=Afrikaans am=Amharic ar=Arabic az=Azerbaijani be=Belarusian bg=Bulgarian bn=Bengali "
        "bs=Bosnian ca=Catalan cs=Czech cy=Welsh da=Danish de=German el=Greek en=English "
        "es=Spanish et=Estonian eu=Basque fa=Persian fi=Finnish fil=Filipino fr=French ga=Irish "
        "gl=Galician gu=Gujarati he=Hebrew hi=Hindi hr=Croatian hu=Hungarian hy=Armenian "
        "id=Indonesian is=Icelandic it=Italian ja=Japanese ka=Georgian kk=Kazakh km=Khmer "
        "kn=Kannada ko=Korean lo=Lao lt=Lithuanian lv=Latvian mk=Macedonian ml=Malayalam "
        "mn=Mongolian mr=Marathi ms=Malay my=Burmese ne=Nepali nl=Dutch no=Norwegian or=Odia "
        "pa=Punjabi pl=Polish pt=Portuguese ro=Romanian ru=Russian si=Sinhala sk=Slovak "
        "sl=Slovenian sq=Albanian sr=Serbian sv=Swedish sw=Swahili ta=Tamil te=Telugu th=Thai "
        "tr=Turkish uk=Ukrainian ur=Urdu uz=Uzbek vi=Vietnamese yue=Cantonese zh=Chinese zu=Zulu"
    ).split()
)


def language_name(tag: str) -> str:
    """The name with the tag, which has the script and the region: ``Spanish (es-MX)``."""
    name = NAMES.get(primary(tag))
    return f"{name} ({tag})" if name else f"the language {tag} (BCP 47)"
