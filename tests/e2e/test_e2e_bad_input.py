"""What cannot be dubbed fails within seconds, with a sentence, before a GPU is asked for."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from local_view import VOLUME, Cluster, Lay, Names, conditions, dubjob_manifest, make_sample


@pytest.mark.parametrize(
    "variant",
    ["text-file", "empty", "cut-off-index-first", "cut-off-index-last", "no-audio"],
)
def test_bad_source_fails_with_a_message(
    cluster: Cluster,
    tmp_path: Path,
    lay_source: Lay,
    names: Names,
    variant: str,
) -> None:
    source = tmp_path / "source.mp4"
    make_sample(source, "--variant", variant)
    name = names(f"bad-{variant}")
    lay_source(name, source)
    begun = time.monotonic()
    cluster.apply(dubjob_manifest(name))
    failed = cluster.finished(name, timeout=60)
    assert time.monotonic() - begun <= 30
    _assert_sentence(conditions(failed)["Finished"], mentions="source.mp4")
    assert cluster.stages_run(name) == ["ingest"]


def test_missing_source(cluster: Cluster, names: Names) -> None:
    name = names("bad-absent")
    cluster.apply(dubjob_manifest(name))
    failed = cluster.finished(name, timeout=60)
    _assert_sentence(conditions(failed)["Finished"], mentions="source.mp4")


def test_source_link_out_of_the_inputs(
    cluster: Cluster, tmp_path: Path, sample: Path, names: Names
) -> None:
    """A link out of the inputs folder is refused, whatever it points at."""
    name = names("bad-link")
    (VOLUME / "inputs" / name).mkdir(parents=True)
    (VOLUME / "inputs" / name / "source.mp4").symlink_to("/etc/passwd")
    cluster.apply(dubjob_manifest(name))
    failed = cluster.finished(name, timeout=60)
    _assert_sentence(conditions(failed)["Finished"], mentions="inputs")


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"targetLanguage": "not a language"}, "targetLanguage"),
        ({"targetLanguage": "es_ES!"}, "targetLanguage"),
        ({"jobID": "../other"}, "jobID"),
        ({"jobID": "a/../../b"}, "jobID"),
        ({"source": {"path": "../../etc/passwd"}}, "path"),
        ({"source": {"path": "/etc/passwd"}}, "path"),
        ({"image": "evil:latest"}, "image"),
    ],
)
def test_api_server_refuses(
    cluster: Cluster, names: Names, spec: dict[str, Any], says: str
) -> None:
    """What the schema can know is refused on `kubectl apply`."""
    done = cluster.try_kubectl(
        "apply", "-f", "-", stdin=json.dumps(dubjob_manifest(names("refused"), **spec))
    )
    assert done.returncode != 0
    assert says in done.stderr


def test_unsupported_language(
    cluster: Cluster, sample: Path, lay_source: Lay, names: Names
) -> None:
    """Refused by ingest, before a GPU is asked for."""
    name = names("bad-language")
    lay_source(name, sample)
    cluster.apply(dubjob_manifest(name, targetLanguage="tlh"))
    failed = cluster.finished(name, timeout=60)
    _assert_sentence(conditions(failed)["Finished"], mentions="tlh")
    assert cluster.stages_run(name) == ["ingest"]


def test_bad_shared_glossary_is_named_with_its_line(
    cluster: Cluster, sample: Path, lay_source: Lay, names: Names
) -> None:
    """The kubelet mounts the ConfigMap, and ingest reads it before a GPU is asked for."""
    name = names("glossary")
    lay_source(name, sample)
    cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name},
            "data": {"glossary.csv": "term,translation\npod,pod\n,lost\n"},
        }
    )
    try:
        cluster.apply(dubjob_manifest(name, glossaryRef={"name": name}))
        finished = conditions(cluster.finished(name, timeout=90))["Finished"]
    finally:
        cluster.kubectl("delete", "configmap", name)
    assert finished["reason"] == "GlossaryInvalid"
    _assert_sentence(finished, mentions="line 3")
    assert cluster.stages_run(name) == ["ingest"]


def test_missing_profile_is_awaited_with_a_message(cluster: Cluster, names: Names) -> None:
    name = names("no-profile")
    cluster.apply(dubjob_manifest(name, profile="absent", deadlines={"startSeconds": 8}))
    waiting = cluster.until(
        name,
        lambda dubjob: conditions(dubjob).get("Finished", {}).get("reason") == "ProfileNotFound",
    )
    assert "absent" in conditions(waiting)["Finished"]["message"]
    failed = cluster.finished(name, timeout=60)
    _assert_sentence(conditions(failed)["Finished"], mentions="absent")


def _assert_sentence(condition: dict[str, Any], mentions: str) -> None:
    assert condition["status"] == "True"
    assert mentions in condition["message"]
    assert "Traceback" not in condition["message"]
    assert condition["message"].endswith((".", "…"))
