"""What a language says for numbers, signs and abbreviations: the form of its table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Noun:
    """A noun that is counted."""

    one: str
    many: str
    gender: str = "m"
    """``m``, ``f`` or, in German, ``n``; which form of a number precedes it."""


@dataclass(frozen=True)
class Currency:
    """A currency and its hundredth part."""

    major: Noun
    minor: Noun | None = None


@dataclass(frozen=True)
class Numerals:
    """The names of CLDR's rule sets for numbers, without ``spellout-``."""

    plain: str = "numbering"
    """For numbers that count nothing."""
    genders: Mapping[str, str] = field(default_factory=dict)
    """For numbers before a noun of that gender. If omitted, `plain`."""
    corrections: Mapping[str, str] = field(default_factory=dict)
    """What is written differently than CLDR does."""
    feminine: Mapping[str, str] = field(default_factory=dict)
    """Parts of a number before a feminine noun that CLDR leaves masculine."""
    ordinals: Mapping[str, str] = field(default_factory=dict)
    """For ordinals of that gender."""
    year: str = "numbering"
    """If empty, a year is said digit by digit."""


@dataclass(frozen=True)
class Dates:
    """How a date is written in digits, and said."""

    order: str
    """``dmy``, ``mdy`` or ``ymd``: the order of ``1/2/2024``."""
    months: tuple[str, ...]
    """With the preposition before them, if there is one."""
    said: str
    """With ``{day}``, ``{month}`` and ``{year}``."""
    ordinal_days: tuple[int, ...] = ()
    """Days that are said as ordinals."""


@dataclass(frozen=True)
class Times:
    """How a time of day is said; with ``{hour}``, ``{hours}`` (the noun) and ``{minute}``."""

    full: str
    whole: str
    hours: Noun = field(default_factory=lambda: Noun("", ""))
    gender: str = ""
    """Gender of the hours."""
    zero: str = ""
    """Words for the 0 of 9:05; if omitted, nothing."""
    mark: str = r"(?:\s?(?:h|hs|hrs)\b\.?)?"
    """Pattern of what may follow a time and belongs to it."""
    second: Noun = field(default_factory=lambda: Noun("", ""))
    """The noun for seconds; if omitted, they are not said."""
    join_seconds: str = ""
    """Said before the seconds, with its spaces."""
    exact: str = ""
    """Instead of `whole` before seconds. If omitted, `whole`."""
    dot_before: str = r"(?!)"
    """Pattern of the words before ``14.30`` that make a time of it."""
    dot_after: str = r"(?!)"
    """Pattern of what makes a time of ``14.30`` before it."""
    letter: str = ""
    """A letter between hours and minutes, as in ``12h30``."""


@dataclass(frozen=True)
class Web:
    """Words for the marks in an address."""

    dot: str
    slash: str
    at: str
    dash: str


@dataclass(frozen=True)
class Romans:
    """Where a Roman numeral is one, and how it is said."""

    before: frozenset[str] = frozenset()
    """Words that a cardinal follows: chapter, volume."""
    ordinals_before: Mapping[str, str] = field(default_factory=dict)
    """Words and names that an ordinal of that gender follows, in small letters."""
    ordinals_up_to: int = 99
    """A larger number after one of them is a cardinal."""
    after: Mapping[str, str] = field(default_factory=dict)
    """Words that follow an ordinal of that gender: ``XX secolo``."""
    suffix: str = ""
    """Pattern of an ordinal's ending: ``XXe siècle``."""
    article: str = ""
    """The word before an ordinal: Henry *the* Eighth."""


@dataclass(frozen=True)
class Table:
    """One language."""

    cldr: str
    """The language of CLDR's rules."""
    point_decimals: bool
    """Whether the decimals follow a point: 3.142 is about pi. Otherwise it is three thousand."""
    point: str
    """Said between a number and its decimals."""
    minus: str
    to: str
    """Said between the ends of a range; with its spaces."""
    percent: str
    dates: Dates
    times: Times
    web: Web
    numerals: Numerals = field(default_factory=Numerals)
    single_decimals: bool = False
    """Whether decimals are said digit by digit."""
    signs: Mapping[str, str] = field(default_factory=dict)
    """Signs between words: ``&``."""
    of: str = ""
    """Said between millions and what they count."""
    plus: str = ""
    """Said before a positive number; empty if it is that of ``signs``."""
    number_sign: str = ""
    """Said for the ``#`` of ``#1`` and ``No. 1``."""
    units: Mapping[str, Noun] = field(default_factory=dict)
    currencies: Mapping[str, Currency] = field(default_factory=dict)
    other_currencies: Mapping[str, Currency] = field(default_factory=dict)
    """Nouns after an amount with ``$`` that is not of dollars: ``$100 pesos``."""
    per: str = "{amount}/{unit}"
    """Said for ``5 €/kg``."""
    join_minor: str = ""
    """Said between euros and cents."""
    scales: Mapping[str, str] = field(default_factory=dict)
    """Words between a number and its currency, and what they become before it: ``$3 million``."""
    ordinal: str = ""
    """Pattern of an ordinal in digits: group 1 has the digits, group 2, if there is one and it
    matches :attr:`feminine`, a feminine ending."""
    feminine: str = r"(?!)"
    abbreviations: Mapping[str, str] = field(default_factory=dict)
    """With their periods."""
    romans: Romans = field(default_factory=Romans)
    number_marks: str = r"\b[Nn]\.?[º°]|\b[Nn]o\.|\b[Nn]r\.|\b[Nn]úm\."
    """Pattern of the other marks for which `number_sign` is said."""
    section: tuple[str, str] = ("", "")
    """Singular and plural for ``§``; if empty, it stays."""
    halves: Mapping[str, str] = field(default_factory=dict)
    """The half before a noun of that gender, where it is not that of :attr:`fractions`."""
    and_fraction: str = " and "
    """Said between a whole number and a fraction; with its spaces."""
    and_half: Mapping[str, str] = field(default_factory=dict)
    """The half after a noun of that gender, where it follows: *tres tazas y media*."""
    joined_fractions: Mapping[str, str] = field(default_factory=dict)
    """Fractions that are one word with the number before them."""
    fractions: Mapping[str, str] = field(default_factory=dict)
    masculine_in_a: frozenset[str] = frozenset()
    feminine_endings: tuple[str, ...] = ()
    """Endings of feminine nouns, so that a number before them agrees."""
    masculine_endings: tuple[str, ...] = ()
    """Endings of nouns that are masculine though :attr:`feminine_endings` has them."""
    feminine_nouns: frozenset[str] = frozenset()
    """Feminine nouns that no ending tells."""
    thousand_agrees: bool = False
    """Whether a number before *mil* agrees with the noun after it: *duas mil pessoas*."""
    counted: str = ""
    """The gender of all other nouns."""
    capital_nouns: bool = False
    """Whether nouns start with a capital, and nothing else counts as one."""
    counters: tuple[str, ...] = ()
    """Counters before which a number has the form ``counter`` of :attr:`Numerals.genders`."""
    other_counters: tuple[str, ...] = ("\0",)
    """Words that start as a counter does and are none of these."""
    ordinal_marks: tuple[str, ...] = ()
    """What makes an ordinal of the number after it: the Chinese 第."""
    year_after: frozenset[str] = frozenset()
    """Words after which 2024 is a year, where years are said differently."""
    spellings: Mapping[str, str] = field(default_factory=dict)
    """Patterns of numbers that have a word of their own, and the words for them."""
    pause: str = ", "
    """Between the groups of a telephone number."""
    phone_digits: Mapping[str, str] = field(default_factory=dict)
    """Digits that have another word in a telephone number."""
    by: str = ""
    """Said for the *x* of ``4x4``."""
    multiples: Noun | None = None
    """Said for the *x* of ``2.5x``."""
    magnitudes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Singular and plural of the *M* of ``1.2M``; if omitted, the number is written out where
    a language counts by ten thousands."""
    feet: Noun | None = None
    """Said for the first mark of ``6'2"``."""
    inches: Noun | None = None
    """Said for its second mark; if omitted, nothing."""
    join_inches: str = ""
    """Said between them."""
    is_spaced: bool = True
    space_groups: bool = False
    """Whether a plain space stands between thousands."""
    year_mark: str = ""
    """What follows a year that is said differently: the Chinese ``年``."""
