"""What `dub submit` refuses before anything is uploaded: languages that the profile does not have,
and another file in the place of a source."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from dubjob.client import Client
from dubjob.cluster import Cluster, Object
from dubjob.dub import Dub
from dubjob.errors import DubError, NotFoundError, UsageError
from dubjob.reach import problem_of, refuse_languages
from dubjob.volume import Volume
from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.profile import DubProfile
from dubstage.contract import CORRECTION_SUFFIXES, Stage

ENGINES = {"transcribe": ("faster-whisper", "base"), "translate": ("apertium", None),
           "synthesize": ("kokoro", "v1.0")}  # fmt: skip


def profile(**engines: tuple[str, str | None]) -> DubProfile:
    stages: dict[str, Any] = {
        stage: {"engine": engine, "image": "i", **({"model": model} if model else {})}
        for stage, (engine, model) in {**ENGINES, **engines}.items()
    }
    return DubProfile.model_validate(
        {"metadata": {"name": "cpu", "namespace": "dubbing"}, "spec": {"stages": stages}}
    )


def dubjob(source: str | None, target: str) -> DubJob:
    spec = {"targetLanguage": target, "source": {"path": "talk/source.mp4"}}
    spec |= {"sourceLanguage": source} if source else {}
    metadata = {"name": "talk", "namespace": "dubbing"}
    return DubJob.model_validate({"metadata": metadata, "spec": spec})


def body(dub: DubJob) -> Object:
    return dub.model_dump(mode="json", by_alias=True, exclude_none=True)


class Files:
    """A data volume with these files."""

    def __init__(self, *paths: str) -> None:
        self.paths = paths

    def size(self, path: str) -> int | None:
        return 1 if path in self.paths else None

    def differs(self, file: Path, path: str) -> bool:
        return True


class Profiles:
    """A cluster with profiles that have these data claims."""

    namespace = "dubbing"

    def __init__(self, **claims: str) -> None:
        self.claims = claims

    def profile(self, kind: str, name: str, namespace: str | None = None) -> Object:
        if name not in self.claims:
            raise NotFoundError(f"no {kind} {name}")
        spec = {"stages": {}, "dataClaimName": self.claims[name]}
        return {"kind": kind, "metadata": {"name": name, "namespace": "dubbing"}, "spec": spec}


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        ("en", "es", None),
        (None, "es", None),
        ("en", "es-MX", None),
        ("en", "ko", "cannot translate en to ko"),
        (None, "ko", "cannot translate to ko"),
        ("ko", "es", "cannot translate ko to es"),
        ("en", "en-GB", "there is nothing to dub"),
        ("tlh", "es", "does not have the language tlh of spec.sourceLanguage"),
    ],
)
def test_languages_are_those_of_the_engines(
    source: str | None, target: str, words: str | None
) -> None:
    problem = problem_of(dubjob(source, target), profile())
    assert problem is None if words is None else words in (problem or "")


def test_profile_without_engines_is_left_to_ingest() -> None:
    empty = DubProfile.model_validate({"metadata": {"name": "cpu"}, "spec": {"stages": {}}})
    assert problem_of(dubjob("en", "ko"), empty) is None


def test_voice_is_needed_whatever_files_replace() -> None:
    refused = body(dubjob("en", "tlh"))
    with pytest.raises(UsageError, match="synthesize does not have the language tlh"):
        refuse_languages([refused], profile(translate=("openai", "m")))


@pytest.mark.parametrize("suffix", CORRECTION_SUFFIXES)
def test_translation_of_the_user_makes_any_pair_possible(suffix: str) -> None:
    dub = dubjob("en", "ko")
    bodies = [body(dubjob("en", "es")), body(dub)]
    refuse_languages(bodies, profile())
    with pytest.raises(UsageError, match="cannot translate en to ko"):
        refuse_languages(bodies, profile(), cast("Volume", Files()))
    translated = Files(f"inputs/{dub.job_id}/translation{suffix}")
    refuse_languages(bodies, profile(), cast("Volume", translated))
    assert problem_of(dub, profile(), [Stage.TRANSLATE]) is None


@pytest.mark.parametrize(
    ("profile_of_the_other", "is_refused"), [("own", True), ("other", False), ("gone", True)]
)
def test_source_of_a_dub_with_the_same_data_claim_is_kept(
    profile_of_the_other: str, is_refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client.__new__(Client)
    client.cluster = cast("Cluster", Profiles(own="ours", other="theirs"))
    raw = body(dubjob("en", "es"))
    raw["spec"]["profileRef"] = {"name": profile_of_the_other}
    monkeypatch.setattr(client, "dubs", lambda: [Dub(raw)])

    def change() -> None:
        volume = cast("Volume", Files())
        client._refuse_change(volume, "ours", Path("x.mp4"), "inputs/talk/source.mp4", {"new"})

    if is_refused:
        with pytest.raises(DubError, match="talk uses inputs/talk/source"):
            change()
    else:
        change()
