"""A change rebuilds the layers that the documentation names, and nothing else.

This is what the Dockerfile says; ``test_rebuild.py`` has it built."""

from __future__ import annotations

from pathlib import Path

import build
import layers
import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("changed", layers.documented())
def test_change_rebuilds_the_documented_layers(changed: str) -> None:
    assert (ROOT / changed).is_file()
    assert layers.built_again(changed) == layers.documented()[changed]


def test_table_lists_every_requirement_file() -> None:
    files = {
        f"stage-images/requirements/{path.name}"
        for path in layers.ROOT.glob("stage-images/requirements/*")
    }
    assert files <= set(layers.documented())


def test_context_contains_only_copied_files() -> None:
    copied = {source for layer in layers.layers().values() for source in layer.copies}
    context = {name for name in build.CONTEXT if name != "stage-images/Dockerfile"}
    assert all(any(f"{source}/".startswith(f"{part}/") for part in context) for source in copied)
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert [line for line in ignored if line.startswith("!")] == [
        f"!{part}" for part in build.CONTEXT
    ]


@pytest.mark.parametrize("name", ["stt", "tts", "extra", "cpu", "operator"])
def test_dev_variant_differs_only_in_its_start(name: str) -> None:
    text = (ROOT / "stage-images/Dockerfile").read_text()
    _, _, dev = text.partition(f"FROM {name} AS {name}-dev\n")
    words = [line.split()[0] for line in dev.partition("\n\n")[0].splitlines()]
    assert words == ["COPY", "ENV", "ENTRYPOINT" if name == "operator" else "CMD"]
