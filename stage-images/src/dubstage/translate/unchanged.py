"""Whether a translation is still in the language of the text."""

from __future__ import annotations

from dubstage.text.language_identity import probability

INTERNATIONAL = frozenset(
    "ah aha bravo bye ciao eh ha hah hallelujah amen he hey hm hmm la mhm mm na no oh okay ok olé "
    "ooh ouch pff psst sh shh uh um wow yay".split()
)
"""Interjections that many languages share."""
PARTICLES = frozenset(
    "a al an and at bin d da das de del den der des di do dos du e el en et i ibn in l la las le "
    "les los of o on san st the u und van vom von y zu".split()
)
"""Small words within names: ``Bank of America``, ``Leonardo da Vinci``."""
LONGEST_NAMES = 8
"""Words of a line of names at most."""
SURE = 0.95
"""Probability of a language that decides."""
KEPT_SHARE, MIN_KEPT = 0.8, 3
"""Share of the words of the text in a translation, and how many in lower case, at least, before its
language counts."""


def is_unchanged(text: str, translation: str) -> bool:
    """Whether a translation is empty, or the text itself. What is the same in both languages may
    stay as it is: a text without letters, one word, which may be a name, also if it is repeated,
    names, and interjections."""
    if not translation.strip():
        return True
    words = _words(text)
    lower = [word.casefold() for word in words]
    if lower != [word.casefold() for word in _words(translation)]:
        return False
    return len(set(lower)) > 1 and not set(lower) <= INTERNATIONAL and not _are_names(words)


def is_untranslated(text: str, translation: str, source: str, target: str) -> bool:
    """Whether a translation is unchanged, and not in `target` anyway, or for the most part still
    in `source` (BCP 47)."""
    if is_unchanged(text, translation):
        return (probability(translation, target, [source]) or 0.0) < SURE
    return _is_left(text, translation, source, target)


def _is_left(text: str, translation: str, source: str, target: str) -> bool:
    """Whether most of a changed text was left as it was. Words in upper case may be names."""
    words, given = {word.casefold() for word in _words(text)}, _words(translation)
    kept = [word for word in given if word.casefold() in words]
    if sum(word[0].islower() for word in kept) < MIN_KEPT or len(kept) < KEPT_SHARE * len(given):
        return False
    return (probability(translation, source, [target]) or 0.0) >= SURE


def _are_names(words: list[str]) -> bool:
    """Whether the words are names, by their capitals. A text all in capitals shows nothing."""
    bare = [word for word in words if word.casefold() not in PARTICLES]
    has_capitals = bool(bare) and all(word[0].isupper() or word[0].istitle() for word in bare)
    is_shouted = all(word.isupper() for word in bare) and max(map(len, bare), default=0) > 4
    return has_capitals and not is_shouted and len(words) <= LONGEST_NAMES


def _words(text: str) -> list[str]:
    """The words of `text` that have letters, without punctuation."""
    bare = "".join(x if x.isalnum() or x.isspace() else " " for x in text)
    return [word for word in bare.split() if any(x.isalpha() for x in word)]
