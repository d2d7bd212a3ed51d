"""The report of mutation testing."""

from __future__ import annotations

import pytest
from mutants import pattern, report


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("operator/src/dubjob_operator/planning", "src/dubjob_operator/planning/*"),
        ("operator/src/dubjob_operator/planning/plan.py", "src/dubjob_operator/planning/plan.py"),
        ("stage-images/src/dubstage/timing/", "src/dubstage/timing/*"),
    ],
)
def test_package_and_module_have_a_pattern(path: str, expected: str) -> None:
    assert pattern(path) == expected


def test_other_path_is_refused() -> None:
    with pytest.raises(ValueError, match="cli/src is not in operator/src"):
        pattern("cli/src")


def test_untested_mutant_survives_and_one_that_hangs_is_killed() -> None:
    found = [("a", "killed"), ("b", "survived"), ("c", "timeout"), ("d", "no tests")]
    assert report(found).splitlines() == [
        "survived   b", "no tests   d", "killed: 2 of 4 (50.0%)",
    ]  # fmt: skip
