"""The metrics: their labels are bounded, whatever an image reports."""

from __future__ import annotations

from dubjob_operator.cluster.metrics import OTHER, REASONS, DubJobs


def counted(states: list[tuple[str, str]]) -> dict[tuple[str, str], float]:
    (family,) = DubJobs(lambda: states).collect()
    return {
        (sample.labels["state"], sample.labels["reason"]): sample.value
        for sample in family.samples
    }  # fmt: skip


def test_each_reason_is_a_label() -> None:
    states = [("Failed", "NoSpeech"), ("Failed", "NoSpeech"), ("Complete", "Completed")]
    assert counted(states) == {("Failed", "NoSpeech"): 2, ("Complete", "Completed"): 1}


def test_invented_reasons_do_not_make_more_and_more_series() -> None:
    known = [("InProgress", "Running")] * 2
    invented = [("Failed", f"Invented{number}") for number in range(10_000)]
    found = counted([*invented, *known])
    assert len(found) == REASONS + 1
    assert found["InProgress", "Running"] == 2
    assert found["Failed", OTHER] == 10_000 - (REASONS - 1)
    assert sum(found.values()) == len(invented) + len(known)
