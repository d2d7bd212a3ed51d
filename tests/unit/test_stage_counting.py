"""Numbers in messages agree with their nouns."""

from __future__ import annotations

import pytest

from dubstage.text.counting import counted


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 segments"), (1, "1 segment"), (2, "2 segments"), (21, "21 segments")]
)
def test_number_and_noun_agree(count: int, text: str) -> None:
    assert counted(count, "segment") == text
