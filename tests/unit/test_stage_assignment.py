"""Entries of a user's translation find their segments, also thousands of them."""

from __future__ import annotations

import time
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from dubstage.inputs.corrections import Entry
from dubstage.text.transcript import Segment
from dubstage.translate.assignment import MIN_SHARE, REACH_SECONDS, assign

TIMES = st.integers(0, 40).map(lambda tenths: tenths / 2)


def segment(number: int, start: float, end: float, speaker: str = "A") -> Segment:
    return Segment(
        segment_id=f"segment_{number:04d}",
        original_segment_id=number,
        speaker=speaker,
        start=start,
        end=end,
        text=f"text {number}",
        duration=end - start,
    )


def nearest(entry: Entry, segments: Sequence[Segment]) -> list[str]:
    """The rule as it is written, over all segments."""

    def overlap(one: Segment) -> float:
        return min(entry.end, one.end) - max(entry.start, one.start)

    if entry.segment_id:
        return [one.segment_id for one in segments if one.segment_id == entry.segment_id]
    main = max(segments, key=overlap, default=None)
    if main is None or overlap(main) < -REACH_SECONDS:
        return []
    return [
        one.segment_id
        for one in segments
        if one is main
        or (one.speaker == main.speaker and overlap(one) > MIN_SHARE * (one.end - one.start))
    ]


@given(
    st.lists(st.tuples(TIMES, TIMES, st.sampled_from("AB")), max_size=8),
    st.lists(st.tuples(TIMES, TIMES, st.sampled_from(["", "segment_0001"])), max_size=6),
)
@settings(max_examples=200)
def test_an_entry_belongs_to_the_segments_of_the_rule(
    spans: list[tuple[float, float, str]], shown: list[tuple[float, float, str]]
) -> None:
    """Also with equal, nested and empty segments, and with entries that end before they start."""
    segments = [segment(n, min(a, b), max(a, b), who) for n, (a, b, who) in enumerate(spans)]
    entries = [
        Entry("line 1", start, end, f"word{n}", identity)
        for n, (start, end, identity) in enumerate(shown)
    ]
    found = assign(entries, segments, "es")
    for entry in entries:
        holders = [name for name, text in found.texts.items() if entry.text in text.split()]
        expected = nearest(entry, segments)
        assert (entry in found.unused) == (not expected)
        assert holders == expected[:1] if len(expected) < 2 else set(holders) <= set(expected)


def test_ten_thousand_entries_take_seconds() -> None:
    count = 10_000
    segments = [segment(n, 3.0 * n, 3.0 * n + 2.5) for n in range(count)]
    entries = [Entry("line 1", 3.0 * n + 0.1, 3.0 * n + 2.4, f"w{n}") for n in range(count)]
    began = time.process_time()
    found = assign(entries, segments, "es")
    assert time.process_time() - began < 5.0
    assert found.texts["segment_9999"] == "w9999"
    assert found.unused == []
