"""Profiles: merged, checked, and what of them reaches a stage's pod."""

from __future__ import annotations

from typing import Any, cast

import pytest
from planning_world import NOW, World, dubjob, profile

from dubjob_operator.api import profile as api_profile
from dubjob_operator.api.profile import DubProfile, DubProfileStatus
from dubjob_operator.api.profile_reference import candidates
from dubjob_operator.api.stage_profile import StageDefaults, StageProfile, merged
from dubjob_operator.cluster.cache import Cache
from dubjob_operator.cluster.cached_object import CachedProfile
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.profiles import Profiles
from dubjob_operator.planning.manifests import stage_job
from dubjob_operator.planning.profile_check import ProfileDefect, profile_defect, profile_status
from dubjob_operator.planning.profile_use import ProfileProblem, usable_profile
from dubjob_operator.planning.stage_entry import first
from dubstage.contract import RESERVED_ENVIRONMENT, GlossaryEntry, Stage, StageRequest, request_env
from dubstage.testing import request_for
from dubstage.workspace.layout import Roots

SECRET = {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "deepl"}}}


@pytest.mark.parametrize(
    ("field", "default", "own", "expected"),
    [
        ("image", "a:1", "b:1", "b:1"),
        ("image", "a:1", None, "a:1"),
        ("schedulerName", None, "volcano", "volcano"),
        ("nodeSelector", {"gpu": "yes", "zone": "a"}, {"zone": "b"}, {"gpu": "yes", "zone": "b"}),
        ("labels", {"team": "dubs"}, {"cost": "7"}, {"team": "dubs", "cost": "7"}),
        ("annotations", {"note": "a"}, {"note": "b"}, {"note": "b"}),
        ("tolerations", [{"key": "gpu"}], [{"key": "spot"}], [{"key": "spot"}]),
        ("tolerations", [{"key": "gpu"}], [], []),
        ("affinity", {"podAffinity": {}}, {"nodeAffinity": {}}, {"nodeAffinity": {}}),
        ("env", [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}],
         [{"name": "B", "value": "2"}, SECRET],
         [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, SECRET]),
        ("envFrom", [{"secretRef": {"name": "all"}}], [{"configMapRef": {"name": "one"}}],
         [{"secretRef": {"name": "all"}}, {"configMapRef": {"name": "one"}}]),
        ("resources", {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "2Gi"}},
         {"requests": {"cpu": "2"}, "limits": {"nvidia.com/gpu": 1}},
         {"requests": {"cpu": "2", "memory": "1Gi"},
          "limits": {"memory": "2Gi", "nvidia.com/gpu": "1"}}),
        ("resources", {"limits": {"memory": "2Gi"}}, None, {"limits": {"memory": "2Gi"}}),
    ],
)  # fmt: skip
def test_stage_is_merged_over_defaults(field: str, default: Any, own: Any, expected: Any) -> None:
    defaults = StageDefaults.model_validate({field: default})
    stage = StageProfile.model_validate({"engine": "ffmpeg", field: own})
    after = merged(defaults, stage).model_dump(by_alias=True, exclude_none=True)
    assert after == {"engine": "ffmpeg", field: expected}


def test_without_defaults_a_stage_stays_as_it_is() -> None:
    stage = StageProfile(engine="ffmpeg", image="a:1")
    assert merged(None, stage) == merged(StageDefaults(), stage) == stage


def test_a_profile_with_a_stage_of_a_later_version_is_accepted() -> None:
    later = profile().model_dump(by_alias=True, exclude_none=True)
    later["spec"]["stages"]["lip-sync"] = {"engine": "wav2lip", "image": "later:1"}
    assert profile_defect(DubProfile.model_validate(later)) is None


def changed(stage: str, **fields: Any) -> DubProfile:
    """A good profile with fields of one stage changed; None removes a field."""
    plain = profile().model_dump(by_alias=True, exclude_none=True)
    plain["spec"]["stages"][stage] |= fields
    return DubProfile.model_validate(plain)


NODE_TERMS = "requiredDuringSchedulingIgnoredDuringExecution"


@pytest.mark.parametrize(
    ("broken", "reason", "words"),
    [
        (changed("mux", image=None), "ImageNotSet", "spec.stages.mux has no image"),
        (changed("mux", engine=None), "EngineNotSet", "one of: ffmpeg"),
        (changed("translate", engine="googletrans2"), "EngineUnknown", "apertium, "),
        (changed("separate", affinity={"nodeAffinity": []}), "AffinityInvalid",
         "spec.stages.separate.affinity.nodeAffinity"),
        (changed("separate", affinity={"nodeAffinity": {NODE_TERMS: {"nodeSelectorTerms": []}}}),
         "AffinityInvalid", "nodeSelectorTerms"),
        (changed("separate", affinity={"nodeAffinty": {}}), "AffinityInvalid", "nodeAffinty"),
    ],
)  # fmt: skip
def test_a_profile_that_cannot_be_used_is_not_accepted(
    broken: DubProfile, reason: str, words: str
) -> None:
    defect = profile_defect(broken)
    assert defect is not None
    assert (defect.reason, words in defect.message) == (reason, True)
    problem = usable_profile(dubjob(), broken)
    assert isinstance(problem, ProfileProblem)
    assert problem.reason == "ProfileInvalid"
    assert problem.message == f"DubProfile default: {defect.message}"


def test_defaults_give_what_a_stage_lacks() -> None:
    plain = changed("mux", image=None).model_dump(by_alias=True, exclude_none=True)
    plain["spec"]["defaults"] = {"image": "all:1"}
    assert profile_defect(DubProfile.model_validate(plain)) is None


def stored(version: str, **spec: Any) -> CachedProfile:
    body = profile().model_dump(mode="json", by_alias=True, exclude_none=True)
    body["metadata"] |= {"resourceVersion": version, "uid": "profile"}
    body["spec"] |= spec
    return CachedProfile.of(body)


def test_a_version_of_a_profile_is_read_and_merged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[StageProfile] = []

    def counted(defaults: StageDefaults | None, stage: StageProfile) -> StageProfile:
        calls.append(stage)
        return merged(defaults, stage)

    monkeypatch.setattr(api_profile, "merged", counted)
    cache = Cache()
    profiles = Profiles(cast("Client", None), cache, lambda: NOW)
    for version in ("1", "2"):
        cache.profiles.put(
            ("dubbing", "default"), stored(version, defaults={"labels": {"v": version}})
        )
        first_read = profiles.of(dubjob())[1]
        assert profiles.of(dubjob())[1] is first_read
        assert isinstance(first_read, DubProfile)
        assert all(first_read.spec.stages[stage].labels == {"v": version} for stage in Stage)
    assert len(calls) == 2 * len(Stage)


@pytest.mark.parametrize("stages", [{}, {"mux": None}, {"mux": {"image": "own:1"}}])
def test_merged_profile_has_the_same_stages_and_defect(stages: dict[str, Any]) -> None:
    plain = profile().model_dump(mode="json", by_alias=True, exclude_none=True)
    plain["spec"]["defaults"] = {"image": "all:1", "labels": {"team": "media"}}
    for name, fields in stages.items():
        plain["spec"]["stages"].pop(name)
        if fields is not None:
            plain["spec"]["stages"][name] = fields
    before = DubProfile.model_validate(plain)
    after = before.model_copy(update={"spec": before.spec.with_defaults_merged()})
    assert profile_defect(after) == profile_defect(before)
    assert after.spec.engines() == before.spec.engines()
    for stage in Stage:
        assert after.spec.stage(stage) == before.spec.stage(stage)


def test_accepted_says_since_when() -> None:
    good = profile_status(DubProfileStatus(), 1, None, NOW)
    (condition,) = good.conditions
    assert (condition.type, condition.status, condition.reason) == ("Accepted", "True", "Accepted")
    assert profile_status(good, 1, None, NOW.replace(year=2027)) == good
    later = profile_status(good, 2, ProfileDefect("ImageNotSet", "no image"), NOW.replace(hour=9))
    (condition,) = later.conditions
    assert (condition.status, condition.reason) == ("False", "ImageNotSet")
    assert condition.last_transition_time == "2026-01-02T09:04:05Z"
    assert later.observed_generation == condition.observed_generation == 2


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        (None, ["DubProfile default", "ClusterDubProfile default"]),
        ({"name": "cpu"}, ["DubProfile cpu"]),
        ({"kind": "DubProfile", "name": "cpu"}, ["DubProfile cpu"]),
        ({"kind": "ClusterDubProfile", "name": "cpu"}, ["ClusterDubProfile cpu"]),
    ],
)
def test_profiles_are_looked_for_in_this_order(reference: Any, expected: list[str]) -> None:
    found = dubjob(profileRef=reference)
    assert [str(each) for each in candidates(found.spec.profile_ref)] == expected
    problem = usable_profile(found, None)
    assert isinstance(problem, ProfileProblem)
    assert all(each in problem.message for each in expected)


def test_status_says_which_profile_was_taken() -> None:
    world = World()
    world.dubjob = world.dubjob.using(candidates(None)[1], starts=True)
    assert str(world.step().profile_ref) == "ClusterDubProfile default"


def test_running_stage_keeps_its_profile_in_the_status() -> None:
    own, of_cluster = candidates(None)
    first_seen = dubjob().using(own, starts=False)
    assert first_seen.profile == own
    assert first_seen.using(of_cluster, starts=False).profile == own
    assert first_seen.using(of_cluster, starts=True).profile == of_cluster
    assert first_seen.using(None, starts=True).profile == own


def container(chosen: DubProfile, stage: Stage = Stage.TRANSLATE) -> dict[str, Any]:
    """The container of a stage with that profile."""
    job = stage_job(dubjob(), chosen, first(stage, "0123", NOW))
    (only,) = job["spec"]["template"]["spec"]["containers"]
    return dict(only)


def test_variables_reach_the_stage_that_has_them() -> None:
    source = {"secretRef": {"name": "keys", "optional": True}}
    chosen = changed("translate", env=[SECRET], envFrom=[source])
    assert SECRET in container(chosen)["env"]
    assert container(chosen)["envFrom"] == [source]
    assert SECRET not in container(chosen, Stage.MUX)["env"]
    assert "envFrom" not in container(chosen, Stage.MUX)


def test_variables_of_the_contract_cannot_be_overridden() -> None:
    env = [{"name": name, "value": "mine"} for name in RESERVED_ENVIRONMENT]
    plain = profile().model_dump(by_alias=True, exclude_none=True)
    plain["spec"]["defaults"] = {"env": env}
    entries = container(DubProfile.model_validate(plain))["env"]
    found = {entry["name"]: entry["value"] for entry in entries}
    assert len(found) == len(entries) == len(RESERVED_ENVIRONMENT)
    assert "mine" not in found.values()
    # A key of envFrom has no effect either: the operator sets every variable that is read.
    read = Roots.from_environment(found)
    assert (str(read.interim), str(read.models)) == ("/data/interim", "/models")


def test_a_glossary_reads_no_variables() -> None:
    glossary = [GlossaryEntry(term="$(KEY)", translation="$$ $(DEEPL)")]
    request = request_for(Stage.TRANSLATE).model_copy(update={"glossary": glossary})
    value = request_env(request)["value"]
    assert "$" not in value
    assert StageRequest.model_validate_json(value) == request


def test_the_token_is_only_for_stages_that_ask_for_it() -> None:
    plain = changed("transcribe", tokenAtRunTime=True, model="large-v2")
    secret = {"secretName": "hub", "key": "token"}
    chosen = plain.model_dump(by_alias=True, exclude_none=True)
    chosen["spec"]["huggingFaceToken"] = secret
    found = DubProfile.model_validate(chosen)
    reference = {"name": "hub", "key": "token", "optional": True}
    token = {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": reference}}
    with_token = [stage for stage in Stage if token in container(found, stage)["env"]]
    assert with_token == [Stage.TRANSCRIBE]
    told = {stage for stage, choice in found.spec.engines().items() if choice.has_token}
    assert told == {Stage.TRANSCRIBE}
    assert not any(choice.has_token for choice in plain.spec.engines().values())


@pytest.mark.parametrize("stage", Stage)
def test_only_the_stage_that_asks_for_it_has_a_network(stage: Stage) -> None:
    chosen = changed("translate", networkAccess="Egress")
    job = stage_job(dubjob(), chosen, first(stage, "0123", NOW))
    for labels in (job["metadata"]["labels"], job["spec"]["template"]["metadata"]["labels"]):
        assert labels["dubjob.dev/network"] == ("allowed" if stage is Stage.TRANSLATE else "denied")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, {"runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 1000}),
        ({}, {}),
        ({"runAsUser": None, "fsGroup": 7}, {"fsGroup": 7}),
        ({"runAsUser": 5, "runAsGroup": 6, "fsGroup": 7},
         {"runAsUser": 5, "runAsGroup": 6, "fsGroup": 7}),
    ],
)  # fmt: skip
def test_ids_can_be_left_to_the_cluster(given: Any, expected: dict[str, int]) -> None:
    chosen = profile(securityContext=given)
    pod = stage_job(dubjob(), chosen, first(Stage.MUX, "0123", NOW))["spec"]["template"]["spec"]
    security = pod["securityContext"]
    assert security["runAsNonRoot"] is True
    ids = ("runAsUser", "runAsGroup", "fsGroup")
    assert {key: security[key] for key in ids if key in security} == expected


def test_pull_secrets_and_service_account_reach_the_pod() -> None:
    chosen = profile(imagePullSecrets=[{"name": "registry"}], serviceAccountName="dubs",
                     dataClaimName="media", modelsClaimName="weights")  # fmt: skip
    pod = stage_job(dubjob(), chosen, first(Stage.MUX, "0123", NOW))["spec"]["template"]["spec"]
    assert pod["imagePullSecrets"] == [{"name": "registry"}]
    assert pod["serviceAccountName"] == "dubs"
    assert pod["automountServiceAccountToken"] is False
    claims = [v["persistentVolumeClaim"]["claimName"] for v in pod["volumes"][:2]]
    assert claims == ["media", "weights"]
