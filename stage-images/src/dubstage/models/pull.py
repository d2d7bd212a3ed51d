"""Fill the models volume, from hubs or from a folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dubstage.engines.repositories import Hub, Need, Source
from dubstage.errors import BadInput, Misconfigured
from dubstage.models.volume import SUMS, copy_model, find_fault, is_whole, names_in, write_sums

TOKENS = ("HF_TOKEN", "HUGGINGFACE_TOKEN", "HUGGINGFACE_HUB_TOKEN", "HUGGINGFACEHUB_API_TOKEN")
"""Where the Hugging Face token is looked for: the first that is set."""


@dataclass(frozen=True)
class State:
    """How one model is, in a line."""

    name: str
    text: str
    is_missing: bool = False
    """True: it is needed and not there."""

    def __str__(self) -> str:
        return f"{self.name}: {self.text}"


def hugging_face_token(environment: Mapping[str, str] = os.environ) -> str | None:
    """The token of whoever accepted the terms of gated models; never logged."""
    return next((environment[name] for name in TOKENS if environment.get(name)), None)


def check(needs: Iterable[Need], models: Path) -> list[State]:
    """How each model is, seen without a network and without reading its files."""
    found = []
    for need in needs:
        fault = find_fault(models / need.name)
        if fault is None:
            found.append(State(need.name, "whole"))
        else:
            found.append(_lacking(need, fault))
    return found


def pull_from(source: Path, models: Path, needs: Iterable[Need] | None = None) -> list[State]:
    """Copy models from a folder of the volume's layout: those in `needs`, or all.

    Raises :class:`BadInput` where the folder holds no model, or a file differs from its
    sum.
    """
    there = names_in(source)
    if not there:
        raise BadInput(
            f"No models below {source}: expected <engine>/<model>/{SUMS}. Fetch them first."
        )
    found = []
    for need in [Need(name) for name in there] if needs is None else needs:
        if need.name in there:
            copy_model(source, models, need.name)
            found.append(State(need.name, "whole"))
        elif find_fault(models / need.name) is None:
            found.append(State(need.name, "whole, as it was"))
        else:
            found.append(_lacking(need, f"is not below {source}"))
    return found


def pull(needs: Iterable[Need], models: Path, token: str | None) -> list[State]:
    """Fetch each model that is not there and whole from the first hub that answers, into
    its own folder, its sums last."""
    return [_pull(need, models / need.name, token) for need in needs]


def _pull(need: Need, folder: Path, token: str | None) -> State:
    if is_whole(folder):
        return State(need.name, "whole, as it was")
    # From here on it is not, until the sums are there again.
    (folder / SUMS).unlink(missing_ok=True)
    faults = []
    for source in need.sources:
        if source.gated and not token:
            faults.append(
                f"{source.repository} is for those who accepted its terms on {source.hub.value}: "
                f"do so, and set {TOKENS[0]}"
            )
            continue
        try:
            folder.mkdir(parents=True, exist_ok=True)
            FETCHERS[source.hub](source, folder, token)
        except ImportError:
            faults.append(f"this image has no library for {source.hub.value}")
        except Exception as error:
            # Of the hubs' libraries: connections, answers, repositories that are not there.
            # They have no base in common; the next hub is worth a try after any of them.
            why = str(error) or type(error).__name__
            faults.append(f"{source.hub.value}: {_without(token, why)}")
        else:
            _drop_notes(folder)
            write_sums(folder)
            return State(need.name, f"fetched from {source.hub.value}, {source.repository}")
    if not need.sources:
        faults.append("nobody knows where it comes from: put it on the volume with --from")
    return _lacking(need, f"is missing: {'; '.join(faults)}")


def _drop_notes(folder: Path) -> None:
    """Delete what the hubs' libraries note beside the files: hidden, no part of the model."""
    for path in folder.glob(".*"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _without(token: str | None, text: str) -> str:
    line = text.strip().partition("\n")[0][:300]
    return line.replace(token, "…") if token else line


def _lacking(need: Need, fault: str) -> State:
    if need.without:
        return State(need.name, f"{fault}; without it, {need.without}")
    return State(need.name, fault, is_missing=True)


def _from_hugging_face(source: Source, folder: Path, token: str | None) -> None:
    from huggingface_hub import HfApi, snapshot_download

    files = list(source.files) or None
    if "model.safetensors" in source.files and "model.safetensors" in HfApi(
        token=token or False
    ).list_repo_files(source.repository):
        # The same weights once more, as a pickle.
        files = [file for file in source.files if file != "pytorch_model.bin"]
    snapshot_download(
        source.repository, local_dir=folder, allow_patterns=files, token=token or False
    )


def _from_modelscope(source: Source, folder: Path, token: str | None) -> None:
    from modelscope import snapshot_download

    snapshot_download(source.repository, local_dir=str(folder))


FETCHERS: dict[Hub, Callable[[Source, Path, str | None], None]] = {
    Hub.HUGGING_FACE: _from_hugging_face,
    Hub.MODELSCOPE: _from_modelscope,
}
"""What fetches a repository of a hub into a folder: (source, folder, token)."""


def require(states: Iterable[State]) -> None:
    """Raise :class:`Misconfigured` where a model that is needed is not there."""
    missing = [state.name for state in states if state.is_missing]
    if missing:
        raise Misconfigured(f"Missing: {', '.join(missing)}.", reason="ModelMissing")
