"""The chart of the profiles, area by area."""

from __future__ import annotations

import json
import re
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
import yaml
from chart_view import PROFILES, ROOT, Object, complaint, render, render_in, values

from dubjob_operator.api.profile import DubProfile, pod_ids
from dubjob_operator.api.stage_profile import StageProfile
from dubjob_operator.planning.profile_check import profile_defect
from dubstage.contract import Stage
from dubstage.models.needs import needs_of, read_profile

GPU_STAGES = {"separate", "transcribe", "synthesize"}


def stages(profile: Object) -> dict[Stage, StageProfile]:
    """The settings of every stage, after the defaults are merged."""
    spec = DubProfile.model_validate(profile).spec
    return {stage: spec.stage(stage) for stage in Stage}


def test_only_profiles_of_the_releases_namespace_are_created_by_default() -> None:
    found = render(PROFILES)
    assert set(found.of("DubProfile")) == {"cpu", "gpu", "default"}
    kinds = {each["kind"] for each in found}
    assert kinds == {"DubProfile", "NetworkPolicy", "ConfigMap", "Job"}
    assert {each["metadata"]["namespace"] for each in found} == {"dubbing"}


def test_profiles_of_the_cluster_have_the_same_specs() -> None:
    found = render(PROFILES, kind="ClusterDubProfile")
    kinds = {each["kind"] for each in found}
    assert kinds == {"ClusterDubProfile", "NetworkPolicy", "ConfigMap", "Job"}
    profiles = found.of("ClusterDubProfile")
    assert not any("namespace" in each["metadata"] for each in profiles.values())
    own = render(PROFILES).of("DubProfile")
    assert {name: each["spec"] for name, each in profiles.items()} == {
        name: each["spec"] for name, each in own.items()
    }


def test_two_namespaces_share_no_object() -> None:
    everything = {
        "modelPull__enabled": True, "networkPolicy__enabled": True, "prune__enabled": True,
    }  # fmt: skip
    first, second = (
        {
            (each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"])
            for each in render_in(namespace, PROFILES, **everything)
        }
        for namespace in ("team-a", "team-b")
    )
    assert len(first) == len(second) == 3 + 2 + 4 + 4
    assert first & second == set()


def test_a_namespace_that_uses_the_clusters_profiles_still_pulls_models() -> None:
    found = render(PROFILES, createProfiles=False, modelPull__enabled=True)
    assert {each["kind"] for each in found} == {"ConfigMap", "Job", "NetworkPolicy"}


def test_profiles_are_valid() -> None:
    for profile in render(PROFILES).of("DubProfile").values():
        assert set(DubProfile.model_validate(profile).spec.engines()) == set(Stage)


def test_default_profile_is_a_copy_of_the_chosen_one() -> None:
    found = render(PROFILES, defaultProfile="gpu").of("DubProfile")
    assert found["default"]["spec"] == found["gpu"]["spec"]
    assert "default" not in render(PROFILES, defaultProfile="").of("DubProfile")


def test_profile_can_be_omitted() -> None:
    assert set(render(PROFILES, profiles__gpu=None).of("DubProfile")) == {"cpu", "default"}


def test_default_profile_needs_no_gpu() -> None:
    for name in ("cpu", "default"):
        for stage in stages(render(PROFILES).of("DubProfile")[name]).values():
            assert stage.resources
            assert set(stage.resources.limits or ()) <= {"cpu", "memory"}


LOCAL_CLUSTER = yaml.safe_load((ROOT / "local-cluster/values.yaml").read_text())


@pytest.mark.parametrize(("name", "given"), [("cpu", LOCAL_CLUSTER), ("gpu", {})])
def test_gpu_stages_request_the_configured_resource(name: str, given: Object) -> None:
    slice_ = "nvidia.com/mig-1g.10gb"
    profile = render(PROFILES, gpuResource=slice_, **given).of("DubProfile")[name]
    limits = {
        str(stage): each.resources.limits or {}
        for stage, each in stages(profile).items()
        if each.resources
    }
    assert {stage for stage, each in limits.items() if each.get(slice_) == "1"} == GPU_STAGES
    assert not any("gpu" in each or "nvidia.com/gpu" in each for each in limits.values())


def test_gpu_profile_has_the_gpu_engines() -> None:
    found = stages(render(PROFILES).of("DubProfile")["gpu"])
    chosen = {
        str(stage): (str(each.image).split("/")[-1].split(":")[0], each.engine, each.model)
        for stage, each in found.items()
    }
    assert chosen == {
        "ingest": ("extra", "ffmpeg", None),
        "separate": ("stt", "demucs", "htdemucs"),
        "transcribe": ("stt", "whisperx", "large-v2"),
        "translate": ("extra", "googletrans", None),
        "synthesize": ("tts", "cosyvoice", "Fun-CosyVoice3-0.5B-2512"),
        "mux": ("extra", "ffmpeg", None),
    }
    with_network = {stage for stage, each in found.items() if each.network_access}
    assert with_network == {Stage.TRANSLATE}, "ffmpeg reads untrusted media without a network"


def test_every_stage_has_requests_and_a_memory_limit() -> None:
    for profile in render(PROFILES).of("DubProfile").values():
        for stage in stages(profile).values():
            assert stage.resources
            assert {"cpu", "memory"} <= set(stage.resources.requests or ())
            assert "memory" in (stage.resources.limits or ())


def test_profiles_are_accepted() -> None:
    for profile in render(PROFILES).of("DubProfile").values():
        assert profile_defect(DubProfile.model_validate(profile)) is None


def test_image_can_be_a_short_name_or_a_reference() -> None:
    profiles = {"cpu": {"stages": {"mux": {"image": "r.example/own:1"}}}}
    found = stages(
        render(PROFILES, images__cpu="r.example/cpu:9", profiles=profiles).of("DubProfile")["cpu"]
    )
    assert found[Stage.TRANSCRIBE].image == "r.example/cpu:9"
    assert found[Stage.MUX].image == "r.example/own:1"


def pull(**more: object) -> tuple[Object, Object]:
    """The Job that pulls models, and the ConfigMap that it reads."""
    found = render(PROFILES, modelPull__enabled=True, **more)
    return found.one("Job"), found.one("ConfigMap")


def test_models_are_pulled_into_the_claim_of_the_profile() -> None:
    ids = {"runAsUser": 7, "runAsGroup": 8, "fsGroup": 9}
    own = {"modelsClaimName": "weights", "securityContext": ids}
    job, _ = pull(profiles={"cpu": own})
    pod = job["spec"]["template"]["spec"]
    claims = [v["persistentVolumeClaim"] for v in pod["volumes"] if "persistentVolumeClaim" in v]
    assert claims == [{"claimName": "weights"}]
    security = pod["securityContext"]
    assert (security["runAsUser"], security["runAsGroup"], security["fsGroup"]) == (7, 8, 9)
    assert pod["automountServiceAccountToken"] is False
    (container,) = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert [m["mountPath"] for m in container["volumeMounts"] if not m.get("readOnly")] == [
        "/models", "/scratch",
    ]  # fmt: skip


@pytest.mark.parametrize("given", [{}, {"runAsUser": None, "fsGroup": None}])
def test_ids_can_be_left_to_the_cluster(given: Object) -> None:
    unset = {"runAsUser": None, "runAsGroup": None, "fsGroup": None}
    found = render(
        PROFILES, modelPull__enabled=True, profiles__cpu__securityContext=given,
        prune__enabled=True, prune__securityContext=unset,
    )  # fmt: skip
    job = found.one("CronJob")["spec"]["jobTemplate"]
    for each in (found.one("Job"), job):
        security = each["spec"]["template"]["spec"]["securityContext"]
        assert security["runAsNonRoot"] is True
        assert not {"runAsUser", "runAsGroup", "fsGroup"} & set(security)


def test_pull_reads_the_profile_of_the_cluster() -> None:
    job, config = pull()
    profile = render(PROFILES).of("DubProfile")["cpu"]
    assert json.loads(config["data"]["cpu.json"]) == profile["spec"]
    (volume,) = [v for v in job["spec"]["template"]["spec"]["volumes"] if "configMap" in v]
    assert volume["configMap"]["name"] == config["metadata"]["name"]
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["dubstage", "models", "pull", "--profile=/profiles/cpu.json"]


def test_downloaded_models_come_from_a_claim() -> None:
    job, _ = pull(modelPull__seedClaimName="dubjob-seed")
    pod = job["spec"]["template"]["spec"]
    assert "--from=/seed" in pod["containers"][0]["command"]
    seed = {"claimName": "dubjob-seed", "readOnly": True}
    assert seed in [volume.get("persistentVolumeClaim") for volume in pod["volumes"]]
    plain, _ = pull()
    assert "--from=/seed" not in plain["spec"]["template"]["spec"]["containers"][0]["command"]


def test_models_in_an_image_are_not_pulled() -> None:
    name = "cosyvoice/CosyVoice2-0.5B"
    job, _ = pull(modelPull__inImages=[name])
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert f"--except={name}" in container["command"]
    assert job["metadata"]["name"] != pull()[0]["metadata"]["name"]


def test_changed_image_or_model_creates_another_job() -> None:
    names = {
        job["metadata"]["name"]
        for job, _ in (
            pull(),
            pull(modelPull__image="stt"),
            pull(modelPull__seedClaimName="seed"),
            pull(profiles={"cpu": {"stages": {"transcribe": {"model": "small"}}}}),
        )
    }
    assert len(names) == 4
    assert pull()[0]["metadata"]["name"] in names


def test_token_comes_from_the_secret_of_the_profile() -> None:
    secret = {"secretName": "hub", "key": "token"}
    job, _ = pull(profiles={"cpu": {"huggingFaceToken": secret}})
    environment = job["spec"]["template"]["spec"]["containers"][0]["env"]
    reference = {"name": "hub", "key": "token", "optional": True}
    assert {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": reference}} in environment


def test_models_of_the_default_profile_are_pulled_by_an_image_that_can() -> None:
    for profile, image in (("cpu", "r.example/cpu:1"), ("gpu", "r.example/stt:1")):
        found = render(PROFILES, defaultProfile=profile)
        assert set(found.of("ConfigMap")) == {f"dubjob-model-pull-{profile}"}
        (container,) = found.one("Job")["spec"]["template"]["spec"]["containers"]
        assert container["image"] == image
    for off in ({"modelPull__enabled": False}, {"defaultProfile": ""}):
        assert not render(PROFILES, **off).of("Job")


def test_missing_image_fails_with_a_message() -> None:
    for name in ("cpu", "extra"):
        assert f"images.{name} is empty: set it to an image that the nodes can pull" in complaint(
            PROFILES, **{f"images__{name}": ""}
        )
    empty = {"images__stt": "", "defaultProfile": "gpu"}
    assert "images.stt is empty" in complaint(PROFILES, **empty)
    assert "images.extra is empty" in complaint(
        PROFILES, images__extra="", createProfiles=False, modelPull__enabled=False,
        prune__enabled=True,
    )  # fmt: skip


def test_profile_whose_images_are_not_set_is_omitted() -> None:
    found = render(PROFILES, images__tts="").of("DubProfile")
    assert set(found) == {"cpu", "default"}
    own = {"own": {**values(PROFILES)["profiles"]["gpu"], "defaults": {"image": "r.example/own:1"}}}
    assert set(render(PROFILES, images__tts="", profiles=own).of("DubProfile")) == {
        "cpu",
        "default",
    }


def test_no_default_value_names_an_image() -> None:
    assert not any(values(PROFILES)["images"].values())


def test_models_of_several_profiles_are_pulled() -> None:
    found = render(PROFILES, modelPull={"enabled": True, "profiles": ["cpu", "gpu"]})
    assert len(found.of("Job")) == len(found.of("ConfigMap")) == 2


def test_network_policies_select_stage_pods_of_the_namespace() -> None:
    found = render(PROFILES).of("NetworkPolicy")
    assert {each["metadata"]["namespace"] for each in found.values()} == {"dubbing"}
    assert "egress" not in found["dubjob-stages"]["spec"]
    assert not render(PROFILES, networkPolicy__enabled=False).of("NetworkPolicy")


@pytest.mark.parametrize("component", ["model-pull", "prune"])
def test_network_policy_selects_the_pods_of_its_component(component: str) -> None:
    found = render(PROFILES, prune__enabled=True)
    templates = {
        "model-pull": found.one("Job")["spec"]["template"],
        "prune": found.one("CronJob")["spec"]["jobTemplate"]["spec"]["template"],
    }
    policies = found.of("NetworkPolicy")
    own = policies[f"dubjob-{component}"]["spec"]
    for name, template in templates.items():
        wanted = own["podSelector"]["matchLabels"].items()
        assert (wanted <= template["metadata"]["labels"].items()) is (name == component)
    assert "ingress" not in own
    assert "Ingress" in own["policyTypes"]
    if component == "model-pull":
        assert own["egress"] == policies["dubjob-stages-with-network"]["spec"]["egress"]
    else:
        # The address of the API server is unknown.
        assert own["policyTypes"] == ["Ingress"]


def test_pods_that_do_not_exist_have_no_network_policy() -> None:
    found = render(PROFILES, modelPull__enabled=False).of("NetworkPolicy")
    assert set(found) == {"dubjob-stages", "dubjob-stages-with-network"}


def reaches(policy: Object, address: str, port: int) -> bool:
    """Whether an egress rule of the policy allows a connection outside of the cluster."""
    target = ip_address(address)

    def contains(block: Object) -> bool:
        inside = target in ip_network(block["cidr"])
        return inside and not any(target in ip_network(each) for each in block.get("except", ()))

    return any(
        any(each["port"] == port for each in rule["ports"])
        and any("ipBlock" in peer and contains(peer["ipBlock"]) for peer in rule["to"])
        for rule in policy["spec"]["egress"]
    )


@pytest.mark.parametrize(
    ("address", "port", "allowed"),
    [
        ("8.8.8.8", 443, True),
        ("2001:4860:4860::8888", 443, True),
        ("8.8.8.8", 80, False),
        ("8.8.8.8", 53, False),
        ("10.96.0.1", 443, False),
        ("172.20.0.1", 443, False),
        ("192.168.1.10", 443, False),
        ("100.64.0.1", 443, False),
        ("169.254.169.254", 443, False),
        ("127.0.0.1", 443, False),
        ("fd00::1", 443, False),
        ("fe80::1", 443, False),
        ("169.254.20.10", 53, True),
    ],
)
def test_stages_with_egress_reach_public_servers_only(
    address: str, port: int, allowed: bool
) -> None:
    policy = render(PROFILES).of("NetworkPolicy")["dubjob-stages-with-network"]
    assert reaches(policy, address, port) is allowed


def test_ranges_and_rules_of_the_egress_can_be_changed() -> None:
    proxy = {"to": [{"ipBlock": {"cidr": "10.1.2.3/32"}}], "ports": [{"port": 3128}]}
    own = {"excludedRanges": ["203.0.113.0/24"], "dnsPeers": [], "egress": [proxy]}
    policy = render(PROFILES, networkPolicy=own).of("NetworkPolicy")["dubjob-stages-with-network"]
    assert not reaches(policy, "203.0.113.7", 443)
    assert reaches(policy, "10.0.0.1", 443)
    assert reaches(policy, "10.1.2.3", 3128)
    assert "/networkPolicy/excludedRanges/0" in complaint(
        PROFILES, networkPolicy={"excludedRanges": ["private"]}
    )


def test_prune_deletes_old_files_and_cannot_reach_inputs() -> None:
    prune = {"enabled": True, "outcome": "complete", "olderThanDays": 7, "dataClaimName": "media"}
    job = render(PROFILES, prune=prune).one("CronJob")["spec"]["jobTemplate"]["spec"]
    pod = job["template"]["spec"]
    (container,) = pod["containers"]
    assert container["command"][-3:] == [
        "--older-than-days=7", "--outcome=complete", "--keep-unfinished",
    ]  # fmt: skip
    found = render(PROFILES, prune=prune)
    (rule,) = found.one("Role")["rules"]
    assert (rule["resources"], rule["verbs"]) == (["dubjobs"], ["list"])
    assert pod["serviceAccountName"] == found.one("RoleBinding")["subjects"][0]["name"]
    assert {mount["subPath"] for mount in container["volumeMounts"]} == {"interim", "outputs"}
    assert pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == "media"


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"profile": {}}, "profile"),
        ({"profiles": {"cpu": {"stages": {"mix": {}}}}}, "mix"),
        ({"profiles": {"own": {"stages": {}}}}, "/profiles/own/stages"),
        ({"profiles": {"cpu": {"defaults": {"engine": "ffmpeg"}}}}, "/profiles/cpu/defaults"),
        ({"profiles": {"cpu": {"defaults": {"image": None}}}}, "/profiles/cpu"),
        ({"kind": "Profile"}, "/kind"),
        ({"profiles": {"own": {}}}, "/profiles/own"),
        ({"profiles": {"Not A Name": {}}}, "Not A Name"),
        ({"gpuResource": "gpu"}, "/gpuResource"),
        ({"prune": {"outcome": "some"}}, "/prune/outcome"),
        ({"defaultProfile": "fast"}, "profiles has none of that name"),
        ({"modelPull": {"enabled": True, "profiles": ["fast"]}}, "profiles has none of that name"),
    ],
)
def test_unknown_values_are_named(given: Object, word: str) -> None:
    assert word in complaint(PROFILES, **given)


def test_short_names_are_replaced_by_images() -> None:
    images = set(values(PROFILES)["images"])
    for spec in values(PROFILES)["profiles"].values():
        chosen = [spec["defaults"], *spec["stages"].values()]
        assert {each["image"] for each in chosen if "image" in each} <= images


@pytest.mark.parametrize(
    ("name", "models"),
    [
        ("cpu", {"faster-whisper/base"}),
        (
            "gpu",
            {
                "demucs/htdemucs",
                "whisperx/large-v2",
                "cosyvoice/Fun-CosyVoice3-0.5B-2512",
                "faster-whisper/base",
            },
        ),
    ],
)
def test_dubstage_can_read_the_pulled_profile(name: str, models: set[str], tmp_path: Path) -> None:
    found = render(PROFILES, modelPull={"enabled": True, "profiles": [name]})
    file = tmp_path / "profile.json"
    file.write_text(found.one("ConfigMap")["data"][f"{name}.json"])
    assert models <= {need.name for need in needs_of(read_profile(file))}


def test_page_has_license_and_size_of_every_model_of_the_profiles() -> None:
    page = (ROOT / "docs/engines.md").read_text()
    told = set(re.findall(r"^\| `([^`]+)` \| [^|]+ \| [^|]+ \| [^|]+ \|$", page, re.MULTILINE))
    for profile in render(PROFILES).of("DubProfile").values():
        engines = DubProfile.model_validate(profile).spec.engines()
        assert {need.name for need in needs_of(engines.values())} <= told


def test_models_are_pulled_from_a_mirror_that_stages_do_not_reach() -> None:
    mirror = {"to": [{"ipBlock": {"cidr": "10.1.2.3/32"}}], "ports": [{"port": 8080}]}
    proxy = {"to": [{"ipBlock": {"cidr": "10.1.2.4/32"}}], "ports": [{"port": 3128}]}
    found = render(
        PROFILES, modelPull__egress=[mirror], networkPolicy__egress=[proxy], modelPull__enabled=True
    ).of("NetworkPolicy")
    pull, stage = found["dubjob-model-pull"], found["dubjob-stages-with-network"]
    assert reaches(pull, "10.1.2.3", 8080)
    assert not reaches(stage, "10.1.2.3", 8080)
    assert not reaches(pull, "10.1.2.3", 443)
    assert reaches(pull, "10.1.2.4", 3128)
    assert reaches(stage, "10.1.2.4", 3128)
    assert reaches(pull, "8.8.8.8", 443)


def test_example_of_the_operations_page_lets_models_be_pulled() -> None:
    page = (ROOT / "docs/operations.md").read_text()
    (example,) = re.findall(r"```yaml\n(modelPull:\n  egress:.*?)```", page, re.DOTALL)
    policy = render(PROFILES, **yaml.safe_load(example)).of("NetworkPolicy")["dubjob-model-pull"]
    assert reaches(policy, "10.1.2.3", 3128)
    assert 8080 in {port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]}


def test_values_for_openshift_leave_the_ids_and_reach_its_dns() -> None:
    given = yaml.safe_load((ROOT / "examples/openshift/values.yaml").read_text())
    given["prune"]["enabled"] = True
    found = render(PROFILES, modelPull__enabled=True, **given)
    for profile in found.of("DubProfile").values():
        spec = DubProfile.model_validate(profile).spec
        assert pod_ids(spec.security_context) == {}
    job = found.one("CronJob")["spec"]["jobTemplate"]
    for each in (found.one("Job"), job):
        security = each["spec"]["template"]["spec"]["securityContext"]
        assert not {"runAsUser", "runAsGroup", "fsGroup"} & set(security)
    rules = found.of("NetworkPolicy")["dubjob-stages-with-network"]["spec"]["egress"]
    assert {port["port"] for rule in rules for port in rule["ports"]} == {443, 5353}
