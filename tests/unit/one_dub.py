"""An API server with one DubJob and its profile, and a data volume in a folder here."""

from __future__ import annotations

import hashlib
import json
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from followed_dubs import conditions
from test_dub_transfer import FlakyPod

from dubjob.client import Client
from dubjob.commands import app
from dubjob.volume import Volume

MANAGED = [{"manager": "OpenAPI-Generator", "operation": "Update"}]
"""Who changed which fields, as the API server stores it with every object."""
GROUP = "/apis/dubjob.dev/v1alpha1"
PLACE = f"{GROUP}/namespaces/dubbing"
CORE = "/api/v1/namespaces/dubbing"
STAGES = ("ingest", "separate", "transcribe", "translate", "synthesize", "mux")
PROFILE = {
    "kind": "DubProfile",
    "metadata": {"name": "default", "namespace": "dubbing", "managedFields": MANAGED},
    "spec": {
        "stages": {
            "ingest": {"engine": "ffmpeg", "image": "i"},
            "transcribe": {"engine": "faster-whisper", "model": "base", "image": "i"},
            "translate": {"engine": "apertium", "image": "i"},
            "synthesize": {"engine": "kokoro", "model": "v1.0", "image": "i"},
        }
    },
    "status": {},
}
MISSING = "(the connection breaks before this)"
"""The end of a text that is announced and not sent."""
LOG = '{"time": "2026-01-02T03:04:05Z", "message": "mixed"}\nx\n'
SEGMENTS = [
    {"segment_id": "segment_0000", "speaker": "A", "start": 1.0, "end": 2.5, "duration": 1.5,
     "text": "Hello.", "translation": "Hola.", "untranslated": False},
]  # fmt: skip
VIDEO = b"a dubbed video" * 100
SHA256 = hashlib.sha256(VIDEO).hexdigest()


def dubjob(reason: str, *, name: str = "talk", **spec: Any) -> dict[str, Any]:
    """The DubJob in that state. Completed, Running, AwaitingReview and Suspended are known."""
    done = reason == "Completed"
    states = ["Succeeded"] * 6 if done else ["Succeeded"] * 3 + [reason, "Pending", "Pending"]
    return {
        "apiVersion": "dubjob.dev/v1alpha1",
        "kind": "DubJob",
        "metadata": {
            "name": name, "namespace": "dubbing", "generation": 1, "uid": "abcdef12",
            "resourceVersion": "7", "managedFields": MANAGED,
        },
        "spec": {"targetLanguage": "es", "source": {"path": "talk/source.mp4"}, **spec},
        "status": {
            "observedGeneration": 1,
            "sourceLanguage": "en",
            "stage": None if done else "translate",
            "stages": [
                {"name": stage, "state": state, "run": 1,
                 **({"summary": {"durationMilliseconds": 60000}} if stage == "ingest" else {}),
                 **({"startTime": "2026-01-01T00:00:00Z", "completionTime": "2026-01-01T00:00:09Z"}
                    if state == "Succeeded" else {})}
                for stage, state in zip(STAGES, states, strict=True)
            ],
            "outputs": [
                {"name": "video", "path": "talk/dubbed_video.mp4", "sizeBytes": len(VIDEO),
                 "mediaType": "video/mp4", "sha256": SHA256},
                {"name": "report-page", "path": "talk/report.html", "sizeBytes": len(VIDEO),
                 "mediaType": "text/html", "sha256": SHA256},
            ] if done else [],
            "conditions": [
                {**each, "observedGeneration": 1}
                for each in conditions(reason, "m", Finished=str(done), Complete=str(done))
            ],
        },
    }  # fmt: skip


class Api(ThreadingHTTPServer):
    """The API server. A test may change the `objects`, which have their paths as keys."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        labels = {"app.kubernetes.io/version": version("dubjob")}
        operator = {
            "metadata": {"name": "dubjob-operator", "namespace": "dubjob-system", "labels": labels},
            "spec": {"selector": {}, "template": {}}, "status": {"readyReplicas": 1},
        }  # fmt: skip
        pod = {
            "metadata": {"name": "talk-mux", "labels": {"dubjob.dev/stage": "mux"},
                         "creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"containers": []}, "status": {"phase": "Succeeded"},
        }  # fmt: skip
        claim = {"metadata": {}, "spec": {}, "status": {"phase": "Bound"}}
        self.requests: list[tuple[str, str]] = []
        self.forbidden: list[str] = []
        """Beginnings of the paths that this account cannot read."""
        self.scope = 'in API group "" in the namespace "dubbing"'
        self.objects: dict[str, Any] = {
            f"{PLACE}/dubjobs": {"items": [dubjob("Completed")]},
            f"{PLACE}/dubprofiles": {"items": [PROFILE]},
            f"{GROUP}/dubjobs": {"items": [dubjob("Completed")]},
            f"{GROUP}/clusterdubprofiles": {"items": []},
            f"{CORE}/pods": {"items": [pod]},
            f"{CORE}/pods/talk-mux/log": LOG,
            f"{CORE}/events": {"items": []},
            f"{CORE}/persistentvolumeclaims/dubjob-data": claim,
            f"{CORE}/persistentvolumeclaims/dubjob-models": claim,
            "/api/v1/namespaces/dubbing": {"metadata": {"name": "dubbing"}},
            "/api/v1/nodes": {"items": []},
            "/apis/batch/v1/namespaces/dubbing/jobs": {"items": []},
            "/apis/apps/v1/deployments": {"items": [operator]},
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews": {
                "spec": {}, "status": {"allowed": True}
            },
        }  # fmt: skip

    def set(self, *dubjobs: dict[str, Any]) -> None:
        """Have these DubJobs, and no others."""
        self.objects[f"{PLACE}/dubjobs"] = self.objects[f"{GROUP}/dubjobs"] = {
            "items": list(dubjobs)
        }

    def add(self, name: str) -> None:
        """Have another DubJob, which is complete."""
        items = self.objects[f"{PLACE}/dubjobs"]["items"]
        self.set(*items, dubjob("Completed", name=name))

    def remove(self, found: dict[str, Any]) -> None:
        """Have one DubJob less, and no pods of it."""
        items = self.objects[f"{PLACE}/dubjobs"]["items"]
        self.set(*(each for each in items if each is not found))

    def find(self, path: str) -> Any:
        """The object or the list at that path; None if there is none."""
        if path in self.objects:
            return self.objects[path]
        above, _, name = path.rpartition("/")
        items = self.objects.get(above, {}).get("items", []) if above in self.objects else []
        return next((each for each in items if each["metadata"]["name"] == name), None)


class Handler(BaseHTTPRequestHandler):
    """Answers of the API server."""

    server: Api

    def _do(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        path, _, query = self.path.partition("?")
        self.server.requests.append((self.command, self.path))
        found = self.server.find(path)
        if self.command == "POST" and path.endswith("/dubjobs"):
            found = {**body, "metadata": {**body["metadata"], "namespace": "dubbing",
                                          "managedFields": MANAGED}}  # fmt: skip
            if "dryRun" not in query:
                self.server.add(body["metadata"]["name"])
        if self.command == "DELETE" and found and "/dubjobs/" in path:
            self.server.remove(found)
        if path.endswith("/pods") and "talk" not in query.split("%3D")[-1].split("&")[:1]:
            found = {"items": []}
        if any(path.startswith(each) for each in self.server.forbidden):
            words = f'"x" is forbidden: User "me" cannot list resource "x" {self.server.scope}'
            self._answer(403, json.dumps({"message": words}))
            return
        if "watch=True" in query:
            found = ""
        if found is None:
            name = path.rpartition("/")[2]
            self._answer(404, json.dumps({"message": f'dubjobs.dubjob.dev "{name}" not found'}))
        else:
            status = 201 if self.command == "POST" else 200
            self._answer(status, found if isinstance(found, str) else json.dumps(found))

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        is_json = text.startswith("{") and "\n" not in text
        self.send_header("Content-Type", "application/json" if is_json else "text/plain")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.removesuffix(MISSING).encode())

    do_GET = do_POST = do_PATCH = do_DELETE = _do

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def kubeconfig(path: Path, port: int) -> Path:
    """A kubeconfig for a server of this machine."""
    entry = {"cluster": "c", "user": "u", "namespace": "dubbing"}
    path.write_text(yaml.safe_dump({
        "apiVersion": "v1", "kind": "Config", "current-context": "x",
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "x", "context": entry}],
    }))  # fmt: skip
    return path


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """The server, which the command finds by KUBECONFIG; the working directory has talk.mp4."""
    server = Api()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    root = tmp_path / "volume"
    for name in ("dubbed_video.mp4", "report.html"):
        (root / "outputs/talk").mkdir(parents=True, exist_ok=True)
        (root / "outputs/talk" / name).write_bytes(VIDEO)
    (root / "outputs/talk/text").mkdir()
    (root / "outputs/talk/text/trg_transcript.json").write_text(json.dumps(SEGMENTS))
    (tmp_path / "talk.mp4").write_bytes(b"video")
    (tmp_path / "talk.srt").write_text("00:00:01,000 --> 00:00:02,500\n¡Hola!\n")
    port = server.server_address[1]
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path / "config", port)))
    monkeypatch.chdir(tmp_path)

    @contextmanager
    def volume(client: Client, reference: Mapping[str, str] | None = None) -> Iterator[Volume]:
        yield Volume(FlakyPod(root))

    monkeypatch.setattr(Client, "volume", volume)
    yield server
    server.shutdown()
    server.server_close()


def run(arguments: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run the command here, and return its exit code."""
    monkeypatch.setattr(sys, "argv", ["dub", *arguments.split()])
    with pytest.raises(SystemExit) as ended:
        app.main()
    return int(ended.value.code or 0)
