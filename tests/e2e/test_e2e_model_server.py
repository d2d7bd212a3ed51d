"""Translation and voices from a server of models in the cluster, with a key from a Secret."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from local_view import VOLUME, Cluster, Lay, Names, conditions, dubjob_manifest, stage_status

KEY = "sk-e2e-7f3a9c"
SERVER = Path(__file__).with_name("model_server.py")


@pytest.fixture
def server(cluster: Cluster) -> Iterator[str]:
    """The address of a running server, in a restricted pod; its key is in the Secret `name`."""
    name = f"models-{os.getpid()}"
    image = cluster.get("dubprofile", "cpu")["spec"]["defaults"]["image"]
    metadata = {"name": name}
    cluster.apply({
        "apiVersion": "v1", "kind": "Secret", "metadata": metadata,
        "stringData": {"OPENAI_API_KEY": KEY},
    })  # fmt: skip
    cluster.apply({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata,
        "data": {"server.py": SERVER.read_text()},
    })  # fmt: skip
    key = {"secretKeyRef": {"name": name, "key": "OPENAI_API_KEY"}}
    cluster.apply({
        "apiVersion": "v1", "kind": "Pod", "metadata": metadata,
        "spec": {
            "automountServiceAccountToken": False,
            "securityContext": {
                "runAsNonRoot": True, "runAsUser": 10001,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [{
                "name": "server", "image": image, "imagePullPolicy": "IfNotPresent",
                "command": ["python3", "/server/server.py"],
                "env": [{"name": "KEY", "valueFrom": key}],
                "readinessProbe": {"httpGet": {"path": "/requests", "port": 8000}},
                "securityContext": {
                    "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]},
                },
                "volumeMounts": [{"name": "server", "mountPath": "/server", "readOnly": True}],
            }],
            "volumes": [{"name": "server", "configMap": {"name": name}}],
        },
    })  # fmt: skip
    cluster.kubectl("wait", f"pod/{name}", "--for=condition=Ready", "--timeout=120s")
    yield str(cluster.get("pod", name)["status"]["podIP"])
    cluster.kubectl(
        "delete", f"pod/{name}", f"configmap/{name}", f"secret/{name}", "--grace-period=1"
    )


def requests_of(address: str) -> dict[str, int]:
    with urllib.request.urlopen(f"http://{address}:8000/requests", timeout=10) as response:
        counts: dict[str, int] = json.loads(response.read())
        return counts


def test_models_are_served_in_the_cluster(
    cluster: Cluster,
    sample: Path,
    lay_source: Lay,
    names: Names,
    profile: Callable[..., str],
    server: str,
) -> None:
    """Each stage asks for what it needs, and the key is in no log, status or file."""
    secret = [{"secretRef": {"name": f"models-{os.getpid()}"}}]
    common = {"networkAccess": "Egress", "envFrom": secret, "model": None}
    url = {"url": f"http://{server}:8000/v1", "model": "any"}
    served = profile(
        translate={**common, "engine": "openai", "parameters": url},
        synthesize={
            **common, "engine": "openai-speech", "parameters": {**url, "voices": "ana,luis"},
        },
    )  # fmt: skip
    name = names("served")
    lay_source(name, sample)
    cluster.apply(dubjob_manifest(name, profile=served))
    done = cluster.finished(name, timeout=300)
    assert conditions(done)["Complete"]["status"] == "True", done["status"]
    assert stage_status(done, "synthesize")["summary"]["speechMilliseconds"] > 5000
    assert done["status"]["summary"].get("untranslatedSegments", 0) == 0
    counts = requests_of(server)
    assert counts["/v1/chat/completions"] >= 2, "a summary, and translations"
    assert counts["/v1/audio/speech"] >= done["status"]["summary"]["spokenSegments"]
    transcript = VOLUME / f"outputs/{name}/text/trg_transcript.json"
    assert "Nadie sabía por qué" in transcript.read_text()
    told = json.dumps(done) + cluster.kubectl("get", "events,jobs,pods", "-o", "yaml")
    for stage in ("translate", "synthesize"):
        told += cluster.kubectl(
            "logs", "-l", f"dubjob.dev/dubjob={name},dubjob.dev/stage={stage}", "--tail=-1"
        )
    assert KEY not in told
    kept = [file for part in ("interim", "outputs") for file in (VOLUME / part / name).rglob("*")]
    assert not [file for file in kept if file.is_file() and KEY.encode() in file.read_bytes()]


def test_wrong_key_fails_with_a_message(
    cluster: Cluster,
    sentence: Path,
    lay_source: Lay,
    names: Names,
    profile: Callable[..., str],
    server: str,
) -> None:
    """The stage fails at once, and says which variable is expected."""
    changes = {
        "engine": "openai", "model": None, "networkAccess": "Egress",
        "parameters": {"url": f"http://{server}:8000/v1", "model": "any"},
        "env": [{"name": "OPENAI_API_KEY", "value": "wrong"}],
    }  # fmt: skip
    refused = profile(translate=changes)
    name = names("refused")
    lay_source(name, sentence)
    cluster.apply(dubjob_manifest(name, profile=refused))
    failed = cluster.finished(name, timeout=240)
    message = conditions(failed)["Finished"]["message"]
    assert stage_status(failed, "translate")["reason"] == "TranslationRefused", message
    assert "OPENAI_API_KEY" in message
    assert stage_status(failed, "translate").get("attempts", 1) == 1
