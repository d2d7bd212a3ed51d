"""IPA in the phoneme names of espeak-ng, which differ from voice to voice.

espeak-ng does not read IPA, but it writes it: each voice is asked once how it writes the phonemes
that it may have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from unicodedata import combining, normalize

from dubstage.contract import Stage
from dubstage.engines.program import run_program

PROGRAM = "espeak-ng"
VOWELS = (
    "a A a: A: aa a# e E e: E: eI i I i: o O o: O: oU OI u U u: V @ 3 3: y y: Y W 0 & aI aU "
    "A~ E~ O~ W~ a~ e~ i~ o~ u~"
).split()
CONSONANTS = (
    "p b t d k g q ? m n N n^ M J f v T D s z S Z C x X h r R * ** r/ l l^ L w j tS dZ ts dz B Q"
).split()
"""The most common names of phonemes. A voice that lacks one says nothing."""
MARK = "[[maSi]]."
STRESS = {"ˈ": "'", "ˌ": ","}
KEPT_MARKS = "\u0303\u0327"
"""Marks that make another phoneme: nasal vowels, and ç."""
IGNORED = frozenset(" .‿()'")
ALIKE = {
    "a": "ɑæɐ", "b": "vp", "c": "kt", "d": "t", "e": "ɛ", "f": "v", "g": "ɡ", "h": "xχ", "i": "ɪ",
    "j": "i", "l": "ɭɫ", "o": "ɔ", "r": "ɹɾʁ", "u": "ʊɯ", "v": "fb", "w": "u", "x": "χh", "y": "uʏ",
    "z": "s", "æ": "aɛ", "ð": "dz", "ø": "œe", "ŋ": "n", "œ": "øɛ", "ɐ": "əa", "ɑ": "a", "ɒ": "ɔoa",
    "ɔ": "o", "ɕ": "ʃ", "ə": "ɐe", "ɚ": "ə", "ɛ": "e", "ɜ": "əœ", "ɝ": "ɜə", "ɟ": "ɡd", "ɡ": "k",
    "ɣ": "ɡ", "ɥ": "w", "ɦ": "h", "ɨ": "i", "ɪ": "i", "ɫ": "lɭ", "ɯ": "u", "ɲ": "n", "ɹ": "rʁ",
    "ɾ": "rɹ", "ʀ": "ʁr", "ʁ": "rɹ", "ʂ": "ʃ", "ʃ": "s", "ʈ": "t", "ʊ": "u", "ʌ": "ɐəa", "ʎ": "l",
    "ʏ": "y", "ʐ": "ʒ", "ʑ": "ʒ", "ʒ": "ʃ", "ʝ": "j", "β": "bv", "θ": "s", "χ": "xh",
}  # fmt: skip
"""The nearest phonemes for one that a voice lacks."""
DROPPED = "ːˑ\u0303"
"""Marks of long and nasal vowels, which not every voice has."""
SUPERSCRIPTS = dict.fromkeys(map(ord, "ʰʲʷˠˤᵝⁿˡ"))
"""Secondary articulations, which are left to the voice."""


def in_phonemes(ipa: str, voice: str) -> str | None:
    """The names of the phonemes between double square brackets, for the text of `voice`; None if
    the voice has no phoneme for a part of `ipa`."""
    known, text = _names(voice), _bare(ipa)
    found: list[str] = []
    longest = max(map(len, known), default=1)
    while text:
        size = next((n for n in range(longest, 0, -1) if text[:n] in known), 1)
        name = STRESS.get(text[0]) or known.get(text[:size]) or _nearest(text[0], known)
        if name is None:
            return None
        found.append(name)
        text = text[size:]
    return f"[[{_joined(found)}]]" if any(name not in STRESS.values() for name in found) else None


def _bare(ipa: str) -> str:
    """IPA without ties and what else is left to the voice, in composed letters."""
    letters = normalize("NFD", ipa).replace(":", "ː")
    kept = (x for x in letters if x in KEPT_MARKS or not (combining(x) or x in IGNORED))
    return normalize("NFC", "".join(kept)).translate(SUPERSCRIPTS)


def _nearest(symbol: str, known: Mapping[str, str]) -> str | None:
    """The name of the phoneme nearest to one that the voice lacks; empty for the mark of a long or
    nasal vowel."""
    base = normalize("NFD", symbol)[0]
    near = (known[each] for each in (base, *ALIKE.get(base, "")) if each in known)
    return next(near, "" if base in DROPPED else None)


def _joined(names: list[str]) -> str:
    """The names with a bar between two that would be read as one."""
    text = ""
    for name in names:
        text += f"|{name}" if text and text[-1] not in "',|" and name not in "'," else name
    return text


@cache
def _names(voice: str) -> dict[str, str]:
    """The name of each phoneme of `voice`, by its IPA without stress."""
    return names_from(lambda text: _ipa(text, voice))


def names_from(ipa_of: Callable[[str], str]) -> dict[str, str]:
    """The names by IPA. `ipa_of`: writes the IPA of a text, one line for each sentence."""
    asked = [*((name, "") for name in VOWELS), *((name, "a") for name in CONSONANTS)]
    text = "\n".join(f"{MARK}\n[[{name}{vowel}]]." for name, vowel in asked)
    mark, first, *lines = ipa_of(f"{MARK}\n[[pa]].\n{text}\n{MARK}").split("\n")
    names: dict[str, str] = {}
    answers: list[str] = []
    for line in lines:
        if line == mark:
            answers.append("")
        elif answers:
            answers[-1] = line
    for (name, vowel), answer in zip(asked, answers, strict=False):
        ipa = _bare(answer.removesuffix(first[1:]) if vowel else answer)
        if ipa and len(ipa) <= len(name) + 1:
            names.setdefault(ipa, name)
    return names


def _ipa(text: str, voice: str) -> str:
    command = [PROGRAM, "-q", "-v", voice, "--ipa", "--stdin"]
    output = run_program(command, text, Stage.SYNTHESIZE, title=f"{PROGRAM} -v {voice}")
    plain = (line.strip().replace("ˈ", "").replace("ˌ", "") for line in output.split("\n"))
    return "\n".join(line for line in plain if line)
