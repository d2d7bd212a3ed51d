"""The operator against a real API server, real controllers and the chart's own rights."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from control_plane_view import ROOT, View, conditions, manifest

from dubstage.contract import Stage, StageResult
from dubstage.contract.summary import DubSummary, Output, StageSummary

STAGES = [str(stage) for stage in Stage]


def test_a_dub_runs_from_stage_to_stage(view: View) -> None:
    view.apply("talk")
    for stage in STAGES:
        view.succeed("talk", stage, seconds=1.5)
    done = view.finished("talk")
    assert conditions(done)["Complete"]["status"] == "True"
    assert view.stages_of("talk") == STAGES
    assert done["status"]["stages"][0]["elapsedMilliseconds"] == 1500
    assert "finalizers" not in done["metadata"]
    assert "annotations" not in done["metadata"] or not [
        key for key in done["metadata"]["annotations"] if "kopf" in key
    ]
    view.until_told("talk", "Completed")
    events = view.items("events", "--field-selector", "involvedObject.name=talk")
    told = [(event["reason"], event["message"].partition(":")[0]) for event in events]
    assert len(told) == len(set(told)), "something was told twice"
    assert {stage for reason, stage in told if reason == "StageSucceeded"} == set(STAGES)
    assert [reason for reason, _ in told].count("Completed") == 1


def test_status_keeps_every_value_of_the_summary_and_the_outputs(view: View) -> None:
    """The API server prunes what the schema does not name."""
    measured = StageSummary.model_validate(
        {name: -7 if "centi" in name else 7 for name in StageSummary.model_fields}
        | {"peak_limited": True, "max_level_error_centi_lu": 7, "speech_quality_centi_mos": 7}
    )
    video = Output(
        name="video",
        path="whole/vid/dubbed_video.mp4",
        size_bytes=2**40,
        sha256="0123456789abcdef" * 4,
        media_type="video/mp4",
    )
    view.apply("whole")
    for stage in STAGES:
        found = {"summary": measured, "outputs": [video]} if stage == "mux" else {}
        view.succeed("whole", stage, **found)
    status = view.finished("whole")["status"]
    assert status["stages"][-1]["summary"] == measured.model_dump(by_alias=True)
    assert status["summary"] == measured.model_dump(
        by_alias=True, include={*DubSummary.model_fields}
    )
    assert status["outputs"] == [video.model_dump(by_alias=True)]


def test_kill_between_and_during_stages(view: View) -> None:
    """SIGKILL before, while and after each stage: nothing runs twice."""
    view.apply("killed")
    for stage in STAGES:
        pod = view.pod_of("killed", stage)
        view.kill_operators()
        view.play(pod, "Running")
        view.start_operator()
        view.kill_operators()
        said = StageResult(stage=Stage(stage), reason="Succeeded").to_termination_message()
        view.play(pod, "Succeeded", 0, said)
        view.start_operator()
    view.finished("killed")
    assert view.stages_of("killed") == STAGES
    assert len(view.items("pods", "-l", "dubjob.dev/dubjob=killed")) == len(STAGES)


def test_two_operators_do_no_harm(view: View) -> None:
    view.start_operator()
    view.apply("twice")
    for stage in STAGES:
        view.succeed("twice", stage)
    view.finished("twice")
    assert view.stages_of("twice") == STAGES


def test_bad_input_fails_at_once(view: View) -> None:
    view.apply("bad")
    said = StageResult(stage=Stage.INGEST, reason="SourceEmpty", message="It is empty.")
    view.fail("bad", "ingest", 65, said.to_termination_message())
    failed = conditions(view.finished("bad"))["Finished"]
    assert (failed["reason"], failed["message"]) == ("SourceEmpty", "It is empty.")
    assert view.stages_of("bad") == ["ingest"]


def test_transient_failure_is_retried(view: View) -> None:
    view.apply("again", backoffLimit=1)
    view.fail("again", "ingest", 75)
    view.until(
        "Retrying", lambda: view.dubjob("again")["status"]["stages"][0]["state"] == "Retrying"
    )
    view.fail("again", "ingest", 75)
    failed = view.finished("again")
    assert failed["status"]["stages"][0]["attempts"] == 2


def test_waiting_for_capacity_is_reported(view: View) -> None:
    """Without a node, the message of the scheduler is in the status."""
    view.apply("queued")
    message = view.until(
        "the scheduler's message",
        lambda: (
            conditions(view.dubjob("queued")).get("Finished", {}).get("reason") == "Queued"
            and conditions(view.dubjob("queued"))["Finished"]["message"]
        ),
    )
    assert "no nodes available" in message


def test_manually_deleted_job_is_created_again(view: View) -> None:
    view.apply("deleted")
    first = view.pod_of("deleted", "ingest")
    view.kubectl("delete", "jobs", "-l", "dubjob.dev/dubjob=deleted", "--wait=true")
    view.until(
        "another pod",
        lambda: view.pod_of("deleted", "ingest")["metadata"]["uid"] != first["metadata"]["uid"],
    )
    for stage in STAGES:
        view.succeed("deleted", stage)
    assert conditions(view.finished("deleted"))["Complete"]["status"] == "True"


def test_new_dubjob_has_the_default_status(view: View) -> None:
    """A new DubJob reads as in progress, not as done."""
    view.kill_operators()
    view.apply("unseen")
    assert view.dubjob("unseen")["status"] == {"observedGeneration": -1}


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"targetLanguage": "not a language"}, "targetLanguage"),
        ({"jobID": "../up"}, "jobID"),
        ({"jobID": "a..b"}, "'..'"),
        ({"source": {"path": "a/../../b"}}, "'..'"),
        ({"source": {"path": "/etc/passwd"}}, "must not begin with '/'"),
        ({"source": {"path": "talk\u202egpm.4pm"}}, "marks of text direction"),
        ({"source": {"path": "a\u009b31mb"}}, "control characters"),
        ({"source": {"path": "a\nb"}}, "control characters"),
        (
            {"glossary": [{"term": f"{n}", "translation": "字" * 200} for n in range(400)]},
            "glossary must not be longer than 192 KiB",
        ),
        (
            {"glossary": [{"term": f"{n}", "hear": ["字" * 200]} for n in range(200)]},
            "glossary must not be longer than 192 KiB",
        ),
        ({"glossary": [{"term": "a", "say": {"Spanish!": "b"}}]}, "BCP 47 tags as keys of say"),
        ({"glossary": [{"term": "a", "hear": ["b\nc"]}]}, "hear"),
        ({"glossaryRef": {"name": "../other"}}, "glossaryRef.name"),
        ({"onDoubt": "Ask"}, "onDoubt"),
        ({"speakers": {"min": 3, "max": 2}}, "speakers.min"),
        ({"backoffLimit": -1}, "backoffLimit"),
        ({"image": "mine"}, "image"),
        ({"reviewAfter": ["mux"]}, "reviewAfter"),
        ({"targetLanguage": "spanish"}, "use a BCP 47 tag, for example es or pt-BR"),
        ({"sourceLanguage": "en_US"}, "use a BCP 47 tag, for example es or pt-BR"),
        ({"sourceLanguage": "ES"}, "targetLanguage must be another language"),
        ({"sourceLanguage": "es-MX"}, "targetLanguage must be another language"),
        ({"sourceLanguage": "pt", "targetLanguage": "pt-BR"}, "must be another language"),
        ({"source": {}}, "set exactly one of: path"),
        ({"queueName": "q" * 64}, "queueName"),
        ({"queueName": "dubs."}, "queueName"),
        ({"deadlines": {"startSeconds": 0}}, "deadlines.startSeconds"),
    ],
)
def test_schema_refuses_invalid_objects(installed: View, spec: dict[str, Any], says: str) -> None:
    done = installed.attempt("apply", "-f", "-", stdin=json.dumps(manifest("refused", **spec)))
    assert done.returncode != 0
    assert says in done.stderr


@pytest.mark.parametrize(
    ("source", "target"),
    [("pt-PT", "pt-BR"), ("zh-Hant", "zh-Hans-CN"), ("es", "est"), ("en", "ES")],
)
def test_the_schema_accepts_two_languages_or_two_regions(
    installed: View, source: str, target: str
) -> None:
    installed.apply("accepted", sourceLanguage=source, targetLanguage=target)
    installed.kubectl("delete", "dubjob", "accepted")


def test_glossary_of_the_greatest_length_reaches_the_pod(view: View) -> None:
    """As an annotation from which the kubelet makes a file: an environment variable has 128 KiB."""
    glossary = [{"term": f"{n:03d}" + "字" * 60, "translation": "字" * 65} for n in range(500)]
    view.kubectl("create", "-f", "-", stdin=json.dumps(manifest("wordy", glossary=glossary)))
    pod = view.pod_of("wordy", "ingest")
    lines = pod["metadata"]["annotations"]["dubjob.dev/glossary"].splitlines()
    assert lines == [f"{entry['term']}\t{entry['translation']}" for entry in glossary]
    assert len(pod["spec"]["containers"][0]["env"][0]["value"]) < 65536


def test_every_field_of_the_glossary_reaches_the_pod(view: View) -> None:
    entry = {
        "term": "Kubernetes", "hear": ["Kubernetes", "kubectl"],
        "say": {"es": "/kuberˈnetis/", "pt-BR": "[[kubern'etS]]"},
    }  # fmt: skip
    view.apply("lexicon", glossary=[entry], glossaryRef={"name": "series"}, onDoubt="Review")
    pod = view.pod_of("lexicon", "ingest")
    request = json.loads(pod["spec"]["containers"][0]["env"][0]["value"])
    assert request["glossary"] == [entry]
    assert request["on_doubt"] == "Review"
    (volume,) = [each for each in pod["spec"]["volumes"] if "configMap" in each]
    assert volume["configMap"]["name"] == "series"
    assert not volume["configMap"].get("optional")


def test_source_in_any_script_is_accepted(installed: View) -> None:
    installed.apply("accepted", source={"path": "日本/فیلم‌ها/👩‍💻.mp4"})
    installed.kubectl("delete", "dubjob", "accepted")


def test_job_id_is_immutable(installed: View) -> None:
    installed.apply("fixed", jobID="one")
    done = installed.attempt("apply", "-f", "-", stdin=json.dumps(manifest("fixed", jobID="two")))
    assert "cannot be changed" in done.stderr
    installed.kubectl("delete", "dubjob", "fixed")


def test_the_stored_spec_is_the_applied_spec(installed: View) -> None:
    installed.apply("plain")
    assert installed.dubjob("plain")["spec"] == manifest("plain")["spec"]
    installed.kubectl("delete", "dubjob", "plain")


def test_dubjob_of_the_old_shape_is_refused_with_every_new_field(installed: View) -> None:
    old = manifest("old")
    old["spec"] = {
        "targetLanguage": "es", "sourceLanguage": "en", "profile": "cpu",
        "pauseAfter": ["translate"], "startDeadlineSeconds": 60, "queueDeadlineSeconds": 3600,
        "activeDeadlineSeconds": 86400,
    }  # fmt: skip
    done = installed.attempt("apply", "-f", "-", stdin=json.dumps(old))
    assert done.returncode != 0
    for name, use in (
        ("profile", "profileRef"),
        ("pauseAfter", "reviewAfter"),
        ("startDeadlineSeconds", "deadlines.startSeconds"),
        ("queueDeadlineSeconds", "deadlines.queueSeconds"),
        ("activeDeadlineSeconds", "deadlines.activeSeconds"),
    ):
        assert f"{name} was renamed: use spec.{use}" in done.stderr


def test_stored_dubjob_of_the_old_shape_names_the_field_to_use(installed: View) -> None:
    """It was stored before the field was renamed, when no rule refused it."""
    current = (ROOT / "crds/dubjobs.yaml").read_text()
    earlier = yaml.safe_load(current)
    (version,) = earlier["spec"]["versions"]
    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    del spec["properties"]["pauseAfter"]["x-kubernetes-validations"]
    force = ("apply", "--server-side", "--force-conflicts", "-f", "-")
    installed.kubectl(*force, stdin=yaml.safe_dump(earlier))
    try:
        installed.until("the earlier schema", lambda: _is_stored(installed))
    finally:
        installed.kubectl(*force, stdin=current)
    installed.start_operator()
    message = installed.until_reason("outdated", "SpecInvalid")
    assert "pauseAfter was renamed: use spec.reviewAfter" in message
    assert installed.stages_of("outdated") == []
    installed.clear()


def _is_stored(view: View) -> bool:
    outdated = json.dumps(manifest("outdated", pauseAfter=["translate"]))
    return view.attempt("apply", "-f", "-", stdin=outdated).returncode == 0
