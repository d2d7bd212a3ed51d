"""Which form of a number a noun has before it."""

from __future__ import annotations

import re

from dubstage.text.spoken.table import Table

VEHICLES = re.compile(
    r"(?:차|트럭|버스|택시|컴퓨터|카메라|비행기|자전거|오토바이|냉장고|텔레비전)[를을은는이가도]?\s?$"
)
"""Korean nouns that are counted with 대, which else follows a decade of life: 20대."""
ALONE = re.compile(r"대(?:[를가는만도,.!?]|\s?$)")
"""The counter 대 without the noun of *the three great …*."""
NOON = 12
"""The last hour of the day that Korean counts with a native number."""


def is_feminine(noun: str, table: Table) -> bool:
    """Whether `noun` is feminine, as far as its ending or the lists of `table` tell."""
    word = noun.lower()
    if word in table.feminine_nouns:
        return True
    if word in table.masculine_in_a or word.endswith(table.masculine_endings or ("\0",)):
        return False
    return bool(table.feminine_endings) and word.endswith(table.feminine_endings)


def is_native(number: int, before: str, following: str) -> bool:
    """Whether a Korean number before a counter is a native one: 3개 is, but neither the hour of
    20시 nor the age group of 20대."""
    if following.startswith("시") and not following.startswith("시간"):
        return number <= NOON
    if following.startswith("대"):
        is_counter = number % 10 != 0 and ALONE.match(following) is not None
        return is_counter or VEHICLES.search(before) is not None
    return True
