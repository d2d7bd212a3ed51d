"""Bad input of the command `dub`: a sentence, the right exit code, and no request that changes
anything."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from dubjob.commands import app
from dubjob.errors import printable

VERBS = ("watch", "why", "logs", "get", "open", "rm", "suspend", "resume", "retry", "approve",
         "review")  # fmt: skip
"""Verbs whose first argument is the name of a DubJob."""
NO_NAMES = ("", ".", "../talk", "a/b", "Talk", "a b", "-", "talk\n", "ta\x1b[31mlk", "a" * 254,
            "tälk", "a\udcff")  # fmt: skip
"""Words that cannot be names of objects."""
PROFILE = {
    "kind": "DubProfile",
    "metadata": {"name": "cpu", "namespace": "dubbing"},
    "spec": {"stages": {}},
}


class Api(ThreadingHTTPServer):
    """An API server with one profile, whose rules refuse every DubJob but `fine`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[tuple[str, str]] = []
        self.operator = version("dubjob")

    @property
    def changes(self) -> list[tuple[str, str]]:
        """Requests that change something."""
        return [each for each in self.requests if each[0] != "GET" and "dryRun" not in each[1]]


def deployment(version: str) -> dict[str, Any]:
    """The Deployment of an operator of that version, which is ready."""
    labels = {"app.kubernetes.io/version": version}
    metadata = {"name": "dubjob-operator", "namespace": "dubjob-system", "labels": labels}
    spec: dict[str, Any] = {"selector": {}, "template": {}}
    return {"metadata": metadata, "spec": spec, "status": {"readyReplicas": 1}}


class Handler(BaseHTTPRequestHandler):
    """Answers of the API server."""

    server: Api

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _do(self) -> None:
        self.server.requests.append((self.command, self.path))
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        path = self.path.partition("?")[0]
        if "/namespaces/secret/" in path:
            words = 'dubjobs.dubjob.dev is forbidden: User "me" cannot list resource "dubjobs"'
            self._answer(403, {"message": words})
        elif path.startswith("/api/v1/namespaces/") and path.count("/") == 4:
            namespace = path.rpartition("/")[2]
            status = 404 if namespace == "missing" else 200
            self._answer(status, {"metadata": {"name": namespace}})
        elif "/namespaces/missing/" in path and path.endswith("s"):
            # As the API server does: a list of nothing.
            self._answer(200, {"items": []})
        elif path.endswith("/selfsubjectaccessreviews"):
            self._answer(201, {"spec": {}, "status": {"allowed": True}})
        elif self.command == "POST" and body["metadata"]["name"] == "there":
            self._answer(409, {"message": "dubjobs.dubjob.dev there already exists"})
        elif self.command == "POST":
            rule = 'Invalid value: "string": use a BCP 47 tag, for example es or pt-BR'
            causes = [{"field": "spec.sourceLanguage", "message": rule}]
            self._answer(422, {"message": "is invalid", "details": {"causes": causes}})
        elif path.endswith("/deployments"):
            self._answer(200, {"items": [deployment(self.server.operator)]})
        elif path.endswith("/dubprofiles"):
            self._answer(200, {"items": [PROFILE]})
        elif path.endswith("profiles") or path.endswith("/dubjobs"):
            self._answer(200, {"items": []})
        else:
            name = path.rpartition("/")[2]
            self._answer(404, {"message": f'dubjobs.dubjob.dev "{name}" not found'})

    do_GET = do_POST = do_PATCH = do_DELETE = _do

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    server = Api()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def kubeconfig(path: Path, port: int) -> Path:
    entry = {"cluster": "c", "user": "u", "namespace": "dubbing"}
    config = {
        "apiVersion": "v1", "kind": "Config", "current-context": "x",
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "x", "context": entry}],
    }  # fmt: skip
    path.write_text(yaml.safe_dump(config))
    return path


@pytest.fixture
def place(tmp_path: Path, api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory with the files that the tables name."""
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path / "config", api.server_address[1])))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "talk.mp4").write_bytes(b"video")
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "binary.yaml").write_bytes(b"\x00\xff")
    (tmp_path / "damaged.yaml").write_text("a: [1")
    (tmp_path / "word.yaml").write_text("word")
    (tmp_path / "empty.yaml").touch()
    (tmp_path / "source.yaml").write_text("spec: {source: {nonsense: 2}}")
    (tmp_path / "target.yaml").write_text("targetLanguage: fr")
    (tmp_path / "named.yaml").write_text("metadata: {name: x}\nspec: {sourceLanguage: en}")
    (tmp_path / "prices.yaml").write_text("nvidia.com/gpu: dear")
    api.requests.clear()
    with socket.socket() as refusing:
        # Bound to the end, without listening: nobody else can answer there.
        refusing.bind(("127.0.0.1", 0))
        kubeconfig(tmp_path / "away", refusing.getsockname()[1])
        yield tmp_path


def dub(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """Run the command here, and return its exit code."""
    monkeypatch.setattr(sys, "argv", ["dub", *arguments])
    with pytest.raises(SystemExit) as ended:
        app.main()
    return int(ended.value.code or 0)


def check_sentence(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    captured = capsys.readouterr()
    assert words in captured.err
    assert "Traceback" not in captured.err
    shown = captured.err + captured.out
    assert printable(shown.replace("\n", "")) == shown.replace("\n", "")
    ours = captured.err.startswith("dub: ")
    assert not ours or (captured.err.count("\n") == 1 and captured.err.rstrip().endswith("."))
    assert ours or "Usage: dub" in captured.err


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", NO_NAMES)
def test_no_request_is_made_for_what_is_no_name(
    verb: str, name: str, place: Path, api: Api, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """An empty name, in a URL, means all DubJobs: `dub rm ""` deleted every one."""
    assert dub([verb, "--", name], monkeypatch) == 2
    check_sentence("is no name of a DubJob", capsys)
    assert api.requests == []


@pytest.mark.parametrize("verb", VERBS)
def test_a_dubjob_that_does_not_exist_is_named(
    verb: str, place: Path, api: Api, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert dub([verb, "nope"], monkeypatch) == 1
    check_sentence("DubJob nope does not exist in the namespace dubbing", capsys)
    assert api.changes == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("none.mp4 --to es", "'none.mp4' is not a file"),
        ("folder --to es", "'folder' is a folder"),
        ("pipe.mp4 --to es", "is not a file"),
        ("empty.mp4 --to es", "is empty"),
        ("talk.mp4", "--to"),
        ("talk.mp4 --to ,", "no target language"),
        ("talk.mp4 --to spanish", "'spanish' is no language"),
        ("talk.mp4 --to es,../x", "'../x' is no language"),
        ("talk.mp4 --to e\x1bs", "is no language"),
        ("talk.mp4 --to es --from x", "spec.sourceLanguage: use a BCP 47 tag"),
        ("talk.mp4 --to es --name Talk", "'Talk' is no name"),
        ("talk.mp4 --to es --name a/../b", "is no name"),
        (f"talk.mp4 --to es --name {'a' * 254}", "is no name"),
        (f"talk.mp4 --to es,fr --name {'a' * 251}", "is no name"),
        ("talk.mp4 --to es --profile A", "is no name of a DubProfile"),
        ("talk.mp4 --to es --get talk.mp4", "cannot be used as a folder"),
        ("talk.mp4 --to es --get talk.mp4/x", "cannot be used as a folder"),
        ("talk.mp4 --to es --spec none.yaml", "cannot be read: No such file"),
        ("talk.mp4 --to es --spec folder", "cannot be read: Is a directory"),
        ("talk.mp4 --to es --spec binary.yaml", "cannot be read: it is not UTF-8"),
        ("talk.mp4 --to es --spec damaged.yaml", "is not YAML"),
        ("talk.mp4 --to es --spec word.yaml", "has no fields"),
        ("talk.mp4 --to es --spec empty.yaml", "has no fields"),
        ("talk.mp4 --to es --spec source.yaml", "has the field source"),
        ("talk.mp4 --to es --spec target.yaml", "has the targetLanguage fr, and --to is es"),
        ("talk.mp4 --to es --spec named.yaml", "named.yaml has metadata next to the spec"),
        ("talk.mp4 --to es --timeout soon", "--timeout"),
        ("talk.mp4 --to es --timeout -1", "--timeout"),
        ("talk.mp4 --to es --dry-run client", "--dry-run"),
        ("talk.mp4 --to es --no-such-option", "No such option"),
    ],
)
def test_submit_refuses(
    arguments: str, words: str, place: Path, api: Api, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert dub(["submit", *arguments.split(" ")], monkeypatch) == 2
    check_sentence(words, capsys)
    assert api.changes == []


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["submit", "talk.mp4", "--to", "es", "--name", "there"], 1, "--replace"),
        (["submit", "talk.mp4", "--to", "es", "--profile", "nope"], 1, "no DubProfile nope"),
        (["submit", "talk.mp4", "--to", "es", "--name", ""], 2, "'' is no name"),
        (["submit", "", "--to", "es"], 2, "is a folder"),
        (["put", "none", "a/b"], 2, "is not a file"),
        (["put", "talk.mp4", ""], 2, "is no path"),
        (["put", "talk.mp4", "/abs"], 2, "must not begin with '/'"),
        (["put", "talk.mp4", "a/../../b"], 2, "must not contain '..'"),
        (["put", "talk.mp4", "."], 2, "is no path of a file"),
        (["put", "talk.mp4", "a/"], 2, "is no path of a file"),
        (["put", "talk.mp4", "a//b"], 2, "is no path of a file"),
        (["put", "talk.mp4", "a\nb"], 2, "control characters"),
        (["put", "talk.mp4", "a\u202eb"], 2, "text direction"),
        (["put", "talk.mp4", "a\udcffb"], 2, "is not UTF-8"),
        (["put", "talk.mp4", "a" * 2000], 2, "is no path"),
        (["review", "talk", "--file", "none.srt"], 2, "is not a file"),
        (["logs", "talk", "--stage", "nope"], 2, "'nope' is no stage"),
        (["logs", "talk", "--stage", ""], 2, "'' is no stage"),
        (["cost", "--by", ""], 2, "--by is empty"),
        (["cost", "--prices", "none"], 2, "No such file"),
        (["cost", "--prices", "prices.yaml"], 2, "is not a price file"),
        (["models", "--profile", "a/b"], 2, "is no name of a DubProfile"),
        (["models", "--profile", "nope"], 1, "no DubProfile nope"),
        (["languages", "--profile", ""], 2, "is no name of a DubProfile"),
        (["-n", "", "list"], 2, "'' is no name of a namespace"),
        (["-n", "a/b", "list"], 2, "is no name of a namespace"),
        (["list", "-n", "a\nb"], 2, "is no name of a namespace"),
        (["list", "-n"], 2, "Option -n requires a value"),
        (["list", "-o"], 2, "Option -o requires a value"),
        (["list", "-o", "xml"], 2, "xml"),
        (["nope"], 2, "No such command"),
        (["watch"], 2, "Missing argument"),
        (["check", "extra"], 2, "extra"),
        (["list", "--context", "nope"], 2, "nope"),
        (["list", "--context", ""], 2, "' cannot be used"),
        (["list", "--kubeconfig", "folder"], 2, "Is a directory"),
        (["list", "--kubeconfig", "binary.yaml"], 2, "' cannot be used: "),
        (["list", "--kubeconfig", "damaged.yaml"], 2, "' cannot be used: "),
        (["list", "--kubeconfig", "word.yaml"], 2, "' cannot be used: "),
        (["list", "--kubeconfig", "empty.yaml"], 2, "' cannot be used: "),
        (["list", "-n", "missing"], 1, "The namespace missing does not exist"),
        (["cost", "-n", "missing"], 1, "The namespace missing does not exist"),
        (["profiles", "-n", "missing"], 1, "The namespace missing does not exist"),
        (["models", "-n", "missing"], 1, "The namespace missing does not exist"),
        (["languages", "-n", "missing"], 1, "The namespace missing does not exist"),
        (["why", "talk", "-n", "missing"], 1, "The namespace missing does not exist"),
        (["put", "talk.mp4", "a/b", "-n", "missing"], 1, "The namespace missing does not exist"),
        (["list", "-n", "secret"], 1, "Ask an administrator of the namespace secret"),
        (["cost", "-n", "secret"], 1, "Ask an administrator of the namespace secret"),
        (["profiles", "-n", "secret"], 1, "Ask an administrator of the namespace secret"),
        (["rm", "talk", "-n", "secret"], 1, "Ask an administrator of the namespace secret"),
        (["list", "--kubeconfig", "away"], 1, "does not answer"),
        (["check", "--kubeconfig", "away"], 1, ""),
    ],
)  # fmt: skip
def test_bad_input_fails_with_a_message(
    arguments: list[str], code: int, words: str, place: Path, api: Api,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert dub(arguments, monkeypatch) == code
    if words:
        check_sentence(words, capsys)
    assert api.changes == []


@pytest.mark.parametrize(
    ("operator", "words"),
    [
        (version("dubjob"), ""),
        (version("dubjob") + ".post1", ""),
        ("0.1.0", "has version 0.1.0, and this command has"),
        ("12.0.0", "install the same version of both"),
    ],
)
def test_the_version_of_the_operator_is_compared(
    operator: str, words: str, place: Path, api: Api, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(api, "operator", operator)
    assert dub(["version"], monkeypatch) == 0
    shown = capsys.readouterr()
    assert f"command   {version('dubjob')}" in shown.out
    assert operator in shown.out
    assert (words in shown.err) if words else shown.err == ""
    assert dub(["check"], monkeypatch) == 1, "there is no profile"
    assert words in capsys.readouterr().out


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("none", "The kubeconfig 'none' cannot be used: it does not exist."),
        ("none:away/none", "The kubeconfig 'none:away/none' cannot be used: it does not exist."),
        ("empty.yaml", "The kubeconfig 'empty.yaml' cannot be used: it is empty."),
        ("folder", "The kubeconfig 'folder' cannot be used: Is a directory."),
        (None, "The kubeconfig '~/.kube/config' cannot be used: it does not exist."),
    ],
)
def test_a_missing_kubeconfig_is_named(
    file: str | None, words: str, place: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """By the variable as by the option."""
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.setenv("KUBECONFIG", file or "")
    assert dub(["list"], monkeypatch) == 2
    check_sentence(words, capsys)
    if file:
        monkeypatch.delenv("KUBECONFIG")
        assert dub(["list", "--kubeconfig", file], monkeypatch) == 2
        check_sentence(words, capsys)


@pytest.mark.parametrize("namespace", ["missing", "secret"])
def test_the_check_stops_at_a_namespace_that_cannot_be_used(
    namespace: str, place: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert dub(["check", "-n", namespace], monkeypatch) == 1
    shown = capsys.readouterr().out
    assert f"namespace {namespace}" in shown
    assert "Install the chart" not in shown


@pytest.mark.parametrize("verb", [["get", "nope"], ["submit", "empty.mp4", "--to", "es", "--get"]])
def test_no_folder_stays_of_what_was_refused(
    verb: list[str], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert dub([*verb, "new/folder"], monkeypatch) in (1, 2)
    assert not (place / "new").exists()


def test_an_empty_list_says_so(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dub(["list"], monkeypatch) == 0
    assert "no DubJobs in the namespace dubbing" in capsys.readouterr().err
    assert dub(["list", "-o", "json"], monkeypatch) == 0
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("talk", "talk"),
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("a\nb\t", r"a\nb\t"),
        ("a\u202eb", r"a\u202eb"),
        ("a\udcff", r"a\udcff"),
        ("día 漢", "día 漢"),
    ],
)
def test_a_terminal_gets_no_character_that_it_obeys(text: str, shown: str) -> None:
    assert printable(text) == shown
