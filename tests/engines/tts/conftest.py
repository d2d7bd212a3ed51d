"""CosyVoice's own code, small models with random weights, no network."""

from __future__ import annotations

import importlib.util
import logging
import socket
from pathlib import Path

import pytest
import random_models

from dubstage.contract import EngineChoice
from dubstage.models.volume import write_sums

NAMES = {2: "CosyVoice2-0.5B", 3: "Fun-CosyVoice3-0.5B-2512"}


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)
    # Upstream logs at import, before a stage would have set a level.
    logging.getLogger().setLevel(logging.WARNING)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models volume with both generations."""
    spec = importlib.util.find_spec("cosyvoice")
    assert spec
    assert spec.submodule_search_locations
    checkout = Path(next(iter(spec.submodule_search_locations))).parent
    volume = tmp_path_factory.mktemp("models")
    for generation, name in NAMES.items():
        random_models.make(checkout, generation, volume / "cosyvoice" / name)
        write_sums(volume / "cosyvoice" / name)
    return volume


def choice_of(generation: int, **parameters: object) -> EngineChoice:
    return EngineChoice(engine="cosyvoice", model=NAMES[generation], parameters=parameters)
