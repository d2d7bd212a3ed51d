"""The operator's messages: complete sentences, and commands that can be pasted."""

from __future__ import annotations

import inspect
import re

import pytest
from planning_world import World

from dubjob_operator.planning import failure_messages, messages

EXAMPLE = {
    "stage": "mux", "state": "Running", "detail": "It works.", "namespace": "dubbing", "pod": "p-1",
    "node": "node-1", "answer": "pods is forbidden", "profile": "DubProfile cpu", "limit": "96Mi",
    "code": 1, "job_message": "", "attempts": 3, "message": "It failed.", "seconds": 600,
    "reason": "Starting", "origin": "spec.limit", "count": 2, "allowed": 1, "file": "a/b.json",
    "corrections": "inputs/talk/transcript", "command": "kubectl get dj", "value": "mux@1",
    "annotation": "dubjob.dev/retry", "stages": "mux", "text": "It ended",
    "places": ["no DubProfile cpu in namespace dubbing", "no ClusterDubProfile cpu"],
    "field": "queueName", "choices": ["slow"], "place": "spec.stages.mux", "engine": "none",
    "engines": ["ffmpeg"], "queue": "dubs", "position": 3,
    "manager": "kueue.x-k8s.io/multikueue", "is_scratch": True, "is_running": True,
    "containers": ["istio-proxy"], "config_map": "series", "doubtful": 2, "left_out": 1,
    "problem": "stages.0.run: Input should be at least 1",
}  # fmt: skip
FUNCTIONS = [
    function
    for module in (messages, failure_messages)
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if function.__module__ == module.__name__
]
CONSTANTS = [
    value for name, value in vars(messages).items() if name.isupper() and isinstance(value, str)
]


def text_of(function: object) -> str:
    assert callable(function)
    names = inspect.signature(function).parameters
    return str(function(**{name: EXAMPLE[name] for name in names}))


@pytest.mark.parametrize(
    "text", [*(text_of(function) for function in FUNCTIONS if function.__name__ != "in_state"),
             *CONSTANTS],
)  # fmt: skip
def test_message_is_a_complete_sentence_or_ends_with_a_bare_command(text: str) -> None:
    if re.search(r"run: kubectl ", text):
        assert re.search(r"run: kubectl [^.`]*$", text), "nothing follows the command"
    else:
        assert text.endswith(".")
        assert not text.endswith("..")
    assert text[0].isupper() or text.startswith("spec."), text


@pytest.mark.parametrize(
    ("text", "expected"),
    [("no room", "no room."), ("no room.", "no room."), (" what? ", "what?"), ("", "")],
)
def test_quoted_text_gets_one_full_stop(text: str, expected: str) -> None:
    assert messages.sentence(text) == expected


@pytest.mark.parametrize(("count", "expected"), [(1, " once;"), (2, " 2 times;")])
def test_numbers_agree_with_nouns(count: int, expected: str) -> None:
    assert expected in messages.too_many_disruptions("mux", count, "DubProfile cpu", 1)


@pytest.mark.parametrize(
    ("position", "place"),
    [(None, ""), (1, " at position 1"), (10, " at position 10"), (11, " behind position 10"),
     (20, " behind position 10"), (21, " behind position 20"), (999, " behind position 990")],
)  # fmt: skip
def test_far_position_changes_rarely(position: int | None, place: str) -> None:
    text = messages.awaiting_admission("dubs", position, "", "")
    assert text == f"The Job waits for admission by queue dubs{place}."


def test_start_deadline_adds_nothing_to_a_command() -> None:
    detail = messages.pod_not_ready("dubbing", "talk-mux-1", "node-1")
    message = messages.start_deadline_exceeded(
        "mux", 600, "its limit", "PodNotReadyToStart", detail
    )
    assert message.endswith("run: kubectl -n dubbing describe pod talk-mux-1")


def test_command_that_approves_stands_at_the_end_of_every_message() -> None:
    world = World(reviewAfter=["transcribe"])
    while world.created[-1:] != ["transcribe"]:
        world.step()
        world.succeed()
    after = world.step()
    finished, entry = after.condition("Finished"), after.of("transcribe")
    assert finished
    assert entry
    for message in (finished.message, entry.message or "", world.events[-1]):
        command = message.partition("run: ")[2].split()
        assert command[:5] == ["kubectl", "-n", "dubbing", "annotate", "dubjob"], message
        assert command[-1] == "--overwrite"
