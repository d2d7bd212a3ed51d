"""What `dub submit` refuses before anything is uploaded: languages that the profile does not have,
and another file in the place of a source."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from followed_dubs import dub
from typer.testing import CliRunner

from dubjob.client import Client
from dubjob.cluster import Cluster, Object
from dubjob.commands.app import app
from dubjob.errors import DubError, ForbiddenError, NotFoundError, UsageError
from dubjob.reach import problem_of, refuse_languages
from dubjob.versions import VERSION_LABEL, own_version
from dubjob.volume import Volume
from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.profile import DubProfile
from dubstage.contract import CORRECTION_SUFFIXES, Stage

ENGINES = {"transcribe": ("faster-whisper", "base"), "translate": ("apertium", None),
           "synthesize": ("kokoro", "v1.0")}  # fmt: skip


def profile(version: str | None = None, **engines: tuple[str, str | None]) -> DubProfile:
    stages: dict[str, Any] = {
        stage: {"engine": engine, "image": "i", **({"model": model} if model else {})}
        for stage, (engine, model) in {**ENGINES, **engines}.items()
    }
    labels = {VERSION_LABEL: version} if version else {}
    metadata = {"name": "cpu", "namespace": "dubbing", "labels": labels}
    return DubProfile.model_validate({"metadata": metadata, "spec": {"stages": stages}})


def operators(*versions: str | None) -> Cluster:
    """A cluster with operators of these versions; without any, they cannot be listed."""

    def listed() -> list[Any]:
        if not versions:
            raise ForbiddenError("deployments.apps is forbidden")
        labels = [{VERSION_LABEL: each} if each else None for each in versions]
        return [SimpleNamespace(metadata=SimpleNamespace(labels=each)) for each in labels]

    return cast("Cluster", SimpleNamespace(operators=listed))


SAME = operators(own_version())


def dubjob(source: str | None, target: str) -> DubJob:
    given = {"sourceLanguage": source} if source else {}
    return dub(spec={"targetLanguage": target, **given}).dubjob


def body(job: DubJob) -> Object:
    return job.model_dump(mode="json", by_alias=True, exclude_none=True)


class Files:
    """A data volume with these files."""

    def __init__(self, *paths: str) -> None:
        self.paths = paths

    def size(self, path: str) -> int | None:
        return 1 if path in self.paths else None

    def differs(self, file: Path, path: str) -> bool:
        return True


class Profiles:
    """A cluster with profiles that have these data claims; `shared` is the ClusterDubProfile
    `default`."""

    namespace = "dubbing"

    def __init__(self, **claims: str) -> None:
        self.claims = claims

    def profile(self, kind: str, name: str, namespace: str | None = None) -> Object:
        if (kind == "ClusterDubProfile") != (name == "default"):
            raise NotFoundError(f"no {kind} {name}")
        claim = self.claims.get("shared" if name == "default" else name)
        if claim is None:
            raise NotFoundError(f"no {kind} {name}")
        spec = {"stages": {}, "dataClaimName": claim}
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


BERGAMOT = {"translate": ("bergamot", "firefox-v1")}
GOOGLE = {"translate": ("googletrans", None)}
SMALL_EN = {"transcribe": ("faster-whisper", "small.en")}


@pytest.mark.parametrize(
    ("source", "target", "engines", "listed"),
    [
        (None, "xx", BERGAMOT, "has ca to en, en to ca, en to es, en to pt, es to en, pt to en. "),
        ("en", "xx", {**BERGAMOT, "synthesize": ("cosyvoice", "CosyVoice2-0.5B")},
         "has ca to en, es to en, pt to en. "),
        (None, "xx", {**BERGAMOT, **SMALL_EN}, "has en to ca, en to es, en to pt. "),
        ("en", "tlh", {**GOOGLE, "synthesize": ("cosyvoice", "CosyVoice3-0.5B")},
         "have de, es, fr, it, ja, ko, ru, yue, zh-cn, zh-tw. "),
        ("tlh", "pt", BERGAMOT, "have en. "),
    ],
)  # fmt: skip
def test_listed_languages_are_those_of_all_engines(
    source: str | None, target: str, engines: dict[str, tuple[str, str | None]], listed: str
) -> None:
    """Also before the upload, when files of the user may still replace some of the results."""
    job, used = dubjob(source, target), profile(None, **engines)
    assert listed in (problem_of(job, used) or "")
    if target in ("xx", "tlh"):
        with pytest.raises(UsageError, match=re.escape(listed)):
            refuse_languages([body(job)], used, SAME)


@pytest.mark.parametrize(
    ("target", "engines", "problem"),
    [
        ("en", SMALL_EN, "recognizes no language that can be translated to en"),
        ("en", {**GOOGLE, **SMALL_EN}, "recognizes no language that can be translated to en"),
        ("es", SMALL_EN, None),
        ("es", {**GOOGLE, **SMALL_EN}, None),
        ("en", GOOGLE, None),
        ("en", {"translate": ("openai", "m")}, None),
    ],
)
def test_target_that_no_recognized_language_reaches_is_refused(
    target: str, engines: dict[str, tuple[str, str | None]], problem: str | None
) -> None:
    """Without a source language: whatever is detected, it would fail in transcribe."""
    found = problem_of(dubjob(None, target), profile(None, **engines))
    assert found is None if problem is None else problem in (found or "")


@pytest.mark.parametrize(
    ("engines", "translated", "together"),
    [
        (BERGAMOT, "ca to en, en to ca, en to es, en to pt, es to en, pt to en",
         "ca to en, en to ca, en to es, en to pt, es to en, pt to en"),
        ({**BERGAMOT, "synthesize": ("cosyvoice", "CosyVoice2-0.5B")},
         "ca to en, en to ca, en to es, en to pt, es to en, pt to en",
         "ca to en, es to en, pt to en"),
        ({"translate": ("openai", "m"), "synthesize": ("cosyvoice", "CosyVoice2-0.5B")}, "any",
         "en, ja, ko, yue, zh"),
        ({"translate": ("openai", "m"), "synthesize": ("openai-speech", "m")}, "any", "any"),
    ],
)  # fmt: skip
def test_languages_of_a_profile_are_listed_for_each_stage_and_together(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    engines: dict[str, tuple[str, str | None]], translated: str, together: str,
) -> None:  # fmt: skip
    client = SimpleNamespace(profile=lambda _: profile(None, **engines))
    monkeypatch.setattr("dubjob.commands.session.Client", lambda *_, **__: client)
    assert CliRunner().invoke(app, ["languages"]).exit_code == 0
    result = CliRunner().invoke(app, ["-o", "json", "languages"])
    rows = {row["stage"]: row for row in json.loads(result.stdout)}
    assert list(rows) == ["transcribe", "translate", "synthesize", "all"]
    assert rows["transcribe"]["languages"][:2] == ["af", "am"]
    for stage, listed in (("translate", translated), ("all", together)):
        row = rows[stage]
        if " to " in listed:
            assert ", ".join(f"{one['from']} to {one['to']}" for one in row["pairs"]) == listed
        else:
            assert row["languages"] == (None if listed == "any" else listed.split(", "))
    table = CliRunner().invoke(app, ["languages"]).stdout
    assert table.splitlines()[-1].split(maxsplit=2) == ["all", "-", together]


def test_profile_without_engines_is_left_to_ingest() -> None:
    empty = DubProfile.model_validate({"metadata": {"name": "cpu"}, "spec": {"stages": {}}})
    assert problem_of(dubjob("en", "ko"), empty) is None


def test_voice_is_needed_whatever_files_replace() -> None:
    refused = body(dubjob("en", "tlh"))
    with pytest.raises(UsageError, match="synthesize does not have the language tlh"):
        refuse_languages([refused], profile(translate=("openai", "m")), SAME)


@pytest.mark.parametrize(
    ("of_profile", "cluster", "is_refused"),
    [
        (own_version(), operators(own_version()), True),
        (own_version(), operators(own_version(), own_version()), True),
        (own_version(), operators(), True),
        (own_version(), operators(None), True),
        (None, operators(own_version()), True),
        (None, operators(own_version(), "99.0.0"), False),
        (None, operators(own_version() + ".post1"), False),
        (None, operators("99.0.0"), False),
        (None, operators(None), False),
        (None, operators(), False),
        (own_version(), operators("99.0.0"), False),
        ("99.0.0", operators(own_version()), False),
        ("99.0.0", operators(), False),
    ],
)
def test_languages_of_another_version_are_left_to_ingest(
    of_profile: str | None, cluster: Cluster, is_refused: bool
) -> None:
    """Its images may have more languages than this command knows."""
    refused, used = body(dubjob("en", "tlh")), profile(of_profile)
    files = cast("Volume", Files())
    if is_refused:
        with pytest.raises(UsageError, match="tlh"):
            refuse_languages([refused], used, cluster)
        with pytest.raises(UsageError, match="tlh"):
            refuse_languages([refused], used, cluster, files)
    else:
        refuse_languages([refused], used, cluster)
        refuse_languages([refused], used, cluster, files)


@pytest.mark.parametrize("suffix", CORRECTION_SUFFIXES)
def test_translation_of_the_user_makes_any_pair_possible(suffix: str) -> None:
    job = dubjob("en", "ko")
    bodies = [body(dubjob("en", "es")), body(job)]
    refuse_languages(bodies, profile(), SAME)
    with pytest.raises(UsageError, match="cannot translate en to ko"):
        refuse_languages(bodies, profile(), SAME, cast("Volume", Files()))
    translated = Files(f"inputs/{job.job_id}/translation{suffix}")
    refuse_languages(bodies, profile(), SAME, cast("Volume", translated))
    assert problem_of(job, profile(), [Stage.TRANSLATE]) is None


@pytest.mark.parametrize(
    ("asked", "used", "is_refused"),
    [
        ("own", None, True),
        ("other", None, False),
        ("gone", None, True),
        (None, None, False),
        ("own", "other", False),
        ("other", "own", True),
        (None, "own", True),
    ],
)
def test_source_of_a_dub_with_the_same_data_claim_is_kept(
    asked: str | None, used: str | None, is_refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The profile that the dub uses decides, not one that it asks for later."""
    client = Client.__new__(Client)
    client.cluster = cast("Cluster", Profiles(own="ours", other="theirs", shared="theirs"))
    status: dict[str, Any] = {"profileRef": {"kind": "DubProfile", "name": used}} if used else {}
    reader = dub(spec={"profileRef": {"name": asked}} if asked else {}, **status)
    monkeypatch.setattr(client, "dubs", lambda: [reader])

    def change() -> None:
        volume = cast("Volume", Files())
        client._refuse_change(volume, "ours", Path("x.mp4"), "inputs/talk/source.mp4", {"new"})

    if is_refused:
        with pytest.raises(DubError, match="talk uses inputs/talk/source"):
            change()
    else:
        change()
