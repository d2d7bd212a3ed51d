"""Text to the phonemes that Kokoro was trained on, by espeak-ng.

The symbols are those of misaki's front end for espeak-ng: affricates and diphthongs are one
symbol each, and ties, hyphens and language marks are removed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from dubstage.contract import Stage
from dubstage.engines.program import run_program

JOINED = {
    "a^ɪ": "I", "a^ʊ": "W", "d^z": "ʣ", "d^ʒ": "ʤ", "e^ɪ": "A", "o^ʊ": "O", "ə^ʊ": "Q",
    "s^s": "S", "t^s": "ʦ", "t^ʃ": "ʧ", "ɔ^ɪ": "Y",
}  # fmt: skip
"""Two phonemes with a tie, and the one symbol that the model knows for them."""
REPLACED = {"ʑ": "ʒ", "ɫ": "l", "ʏ": "y"}
"""Phonemes that the model does not know, and the nearest that it knows."""
PUNCTUATION = re.compile(r"[,.;:!?…—]+")
PIECE = re.compile(rf"{PUNCTUATION.pattern}|(?:\[\[.*?\]\]|[^,.;:!?…—])+")
"""Punctuation, or what stands between. Names of phonemes in brackets may have marks in them."""
INVERTED = str.maketrans("", "", "¿¡")
LANGUAGE_MARK = re.compile(r"\([a-z^-]+\)")
"""What espeak-ng writes at both ends of a word that it reads as another language's."""
MARK = "[[maSimaSi]]."
"""A sentence between two pieces, which no text has."""
PROGRAM = "espeak-ng"


def phonemes(text: str, voice: str) -> str:
    """The phonemes of `text` with its punctuation, which gives the melody. `voice`: espeak-ng's.

    Raises :class:`Misconfigured` if the image has no espeak-ng, or no such voice.
    """
    found = (piece.strip() for piece in PIECE.findall(text.translate(INVERTED)))
    pieces = [piece for piece in found if piece]
    spoken = iter(_spoken([each for each in pieces if not PUNCTUATION.fullmatch(each)], voice))
    parts: list[str] = []
    for piece in pieces:
        if PUNCTUATION.fullmatch(piece):
            parts.append(piece)
        else:
            parts.append((" " if parts else "") + _symbols(next(spoken)))
    return "".join(parts)


def _symbols(ipa: str) -> str:
    """The model's symbols for espeak-ng's IPA."""
    ipa = LANGUAGE_MARK.sub("", " ".join(ipa.split()))
    for joined, symbol in JOINED.items():
        ipa = ipa.replace(joined, symbol)
    return "".join(REPLACED.get(each, each) for each in ipa if each not in "^-")


def _spoken(pieces: Sequence[str], voice: str) -> list[str]:
    """The IPA of each of the pieces, from one start of the program."""
    if len(pieces) <= 1:
        return [_ipa(piece, voice) for piece in pieces]
    text = "\n\n".join([MARK, *(part for piece in pieces for part in (piece, MARK))])
    mark, *lines = _ipa(text, voice).splitlines()
    answers: list[str] = []
    piece = ""
    for line in lines:
        if line == mark:
            answers.append(piece)
            piece = ""
        else:
            piece += f"{line}\n"
    if len(answers) != len(pieces):  # a piece sounds like the mark
        return [_ipa(each, voice) for each in pieces]
    return answers


def _ipa(text: str, voice: str) -> str:
    command = [PROGRAM, "-q", "-v", voice, "--ipa", "--tie=^", "--stdin"]
    return run_program(
        command,
        text,
        Stage.SYNTHESIZE,
        title=f"{PROGRAM} -v {voice}",
        needed_for=", which Kokoro needs for phonemes",
    )
