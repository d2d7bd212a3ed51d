"""Fill the models volume, from hubs or from a folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dubstage.engines.repositories import Need
from dubstage.errors import BadInput, Misconfigured
from dubstage.masking import masked
from dubstage.models.hub_cache import find_snapshot
from dubstage.models.hubs import FETCHERS, IncompleteDownload
from dubstage.models.volume import (
    PARTIAL,
    SUMS,
    copy_model,
    find_fault,
    is_complete,
    model_digest,
    names_in,
    write_sums,
)

IN_IMAGE = "complete, in this image"
TOKENS = ("HF_TOKEN", "HUGGINGFACE_TOKEN", "HUGGINGFACE_HUB_TOKEN", "HUGGINGFACEHUB_API_TOKEN")
"""The variables that may hold the Hugging Face token; the first that is set counts."""


@dataclass(frozen=True)
class State:
    """The state of one model, as one line of text."""

    name: str
    text: str
    is_missing: bool = False
    """Whether it is needed and not complete."""

    def __str__(self) -> str:
        return f"{self.name}: {self.text}"


def hugging_face_token(environment: Mapping[str, str] = os.environ) -> str | None:
    """The token of an account that accepted the terms of gated models, without the line feed
    with which a file ends; never logged."""
    tokens = (environment.get(name, "").strip() for name in TOKENS)
    return next((token for token in tokens if token), None)


def check(
    needs: Iterable[Need], models: Path, caches: Sequence[Path] = (), image: Path | None = None
) -> list[State]:
    """The state of each model on the volume, in the folder `image` or in `caches`, without a
    network and without reading the files."""
    states = []
    for need in needs:
        folder = models / need.name
        fault = find_fault(folder, need.required) if (folder / SUMS).is_file() else "is missing"
        elsewhere = _elsewhere(need, models, caches, image)
        if fault is None:
            states.append(State(need.name, "complete"))
        elif elsewhere:
            states.append(elsewhere)
        else:
            states.append(_incomplete(need, fault))
    return states


def pull_from(source: Path, models: Path, needs: Iterable[Need] | None = None) -> list[State]:
    """Copy models from a folder with the layout of the volume: those in `needs`, or all.

    Raises :class:`BadInput` if the folder holds no model, or a file differs from its
    checksum.
    """
    available = names_in(source)
    if not available:
        raise BadInput(
            f"No models below {source}: expected <engine>/<model>/{SUMS}. Download them first."
        )
    states = []
    for need in [Need(name) for name in available] if needs is None else needs:
        folder = models / need.name
        if need.name in available:
            copy_model(source, models, need.name)
            fault = find_fault(folder, need.required)
            states.append(_incomplete(need, fault) if fault else State(need.name, "complete"))
        elif (folder / SUMS).is_file() and find_fault(folder, need.required) is None:
            states.append(State(need.name, "was complete already"))
        else:
            states.append(_incomplete(need, f"is not below {source}"))
    return states


def pull(
    needs: Iterable[Need],
    models: Path,
    token: str | None,
    caches: Sequence[Path] = (),
    image: Path | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> list[State]:
    """Download each model that is neither complete nor in `image` nor in `caches` from the first
    hub that answers, into its own folder, and write its checksums last. `report` is called with a
    line before each download."""
    wanted = list(needs)
    count = sum(bool(need.sources) for need in wanted)
    states = []
    number = 0
    for need in wanted:
        number += bool(need.sources)
        starts = partial(report, f"{need.name}: downloading, model {number} of {count}")
        elsewhere = _elsewhere(need, models, caches, image)
        states.append(elsewhere or _pull(need, models / need.name, token, starts))
    return states


def _pull(
    need: Need,
    folder: Path,
    token: str | None,
    starts: Callable[[], None],
) -> State:
    if find_fault(folder, need.required) is None and is_complete(folder):
        return State(need.name, "was complete already")
    if need.sources:
        starts()
    faults = []
    unfinished = folder.with_name(f".{folder.name}{PARTIAL}")
    for source in need.sources:
        if source.gated and not token:
            faults.append(
                f"{source.repository} requires that its terms are accepted on {source.hub.value}: "
                f"accept them, and set {TOKENS[0]}"
            )
            continue
        try:
            # A folder with files of an earlier attempt may be taken for a complete download.
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
            FETCHERS[source.hub](source, unfinished, token)
            _finish(unfinished, folder, need)
        except ImportError:
            faults.append(f"this image has no library for {source.hub.value}")
        except Exception as error:
            # The hubs' libraries have no common base for failed connections, refusals and
            # unknown repositories. The next hub is worth a try after any of them.
            why = str(error) or type(error).__name__
            faults.append(f"{source.hub.value}: {_without(token, why)}")
        else:
            return State(need.name, f"downloaded from {source.hub.value}, {source.repository}")
    shutil.rmtree(unfinished, ignore_errors=True)
    if not need.sources:
        faults.append("no repository is known for it: put it on the volume with --from")
    return _incomplete(need, f"is missing: {'; '.join(faults)}")


def _finish(unfinished: Path, folder: Path, need: Need) -> None:
    """Write the checksums of a download, and put it in its place.

    Raises :class:`IncompleteDownload` if a file is missing that the engine needs.
    """
    _delete_notes(unfinished)
    write_sums(unfinished)
    if fault := find_fault(unfinished, need.required):
        raise IncompleteDownload(f"the download {fault}")
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)


def _delete_notes(folder: Path) -> None:
    """Delete the hidden files that the hubs' libraries add to the model."""
    for path in folder.glob(".*"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _without(token: str | None, text: str) -> str:
    line = text.strip().partition("\n")[0]
    return masked(line, {"TOKEN": token or ""})[:300]


def _elsewhere(
    need: Need, models: Path, caches: Sequence[Path], image: Path | None
) -> State | None:
    """The state of a model that is not on the volume, if a stage in this image finds it."""
    if (models / need.name / SUMS).is_file():
        return None
    if image and (image / need.name / SUMS).is_file():
        fault = find_fault(image / need.name, need.required)
        return _incomplete(need, f"of the image {fault}") if fault else State(need.name, IN_IMAGE)
    if find_snapshot(caches, need.sources):
        return State(need.name, "in the volume's Hugging Face cache")
    return None


def require_revision(folder: Path, name: str, digest: str | None) -> str:
    """The revision of the model in `folder`, which must be `digest` if that is given.

    Raises :class:`Misconfigured` if it is another one.
    """
    found = model_digest(folder)
    if digest and found != digest:
        raise Misconfigured(
            f"The model {name} has the revision sha256:{found}, expected sha256:{digest}: the hub "
            "has other files than before. Compare them, and name the revision that you trust.",
            reason="ModelMissing",
        )
    return found


def _incomplete(need: Need, fault: str) -> State:
    if need.without:
        return State(need.name, f"{fault}; without it, {need.without}")
    return State(need.name, fault, is_missing=True)


def require(states: Iterable[State]) -> None:
    """Raise :class:`Misconfigured` if a model that is needed is not complete."""
    missing = [state.name for state in states if state.is_missing]
    if missing:
        raise Misconfigured(f"Missing: {', '.join(missing)}.", reason="ModelMissing")
