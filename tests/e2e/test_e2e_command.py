"""The command `dub` against the local cluster: only its kubeconfig is used."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from local_view import LOCAL, NAMESPACE, ROOT, STAGES, VOLUME, Cluster, Names

from dubjob import Client

KUBECONFIG = LOCAL / "kubeconfig"
DUB = [str(Path(sys.executable).parent / "dub"), "-n", NAMESPACE]


def dub(
    *arguments: str, kubeconfig: Path = KUBECONFIG, editor: Path = Path("false")
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DUB, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"KUBECONFIG": str(kubeconfig), "EDITOR": str(editor)},
    )


def digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def test_one_command_dubs_a_file(
    cluster: Cluster, names: Names, sentence: Path, tmp_path: Path
) -> None:
    name, out = names("my-talk"), tmp_path / "out"
    done = dub("submit", str(sentence), "--to", "es", "--from", "en", "--name", name,
               "--get", str(out))  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (out / "dubbed_video.mp4").stat().st_size > 100_000
    assert "mux" in done.stderr
    listed = json.loads(dub("list", "-o", "json").stdout)
    outputs = next(each for each in listed if each["metadata"]["name"] == name)
    digests = {each["name"]: each["sha256"] for each in outputs["status"]["outputs"]}
    assert digests["video"] == digest(out / "dubbed_video.mp4")

    opened = dub("open", name, str(tmp_path / "opened"), "--no-browser", "-o", "name")
    page = Path(opened.stdout.strip())
    assert page == tmp_path / f"opened/outputs/{name}/report.html", opened.stderr
    assert digests["report-page"] == digest(page)
    assert digest(page.parent / "../../inputs" / name / "source.mp4") == digest(sentence)

    logs = dub("logs", name).stdout.splitlines()
    stages = list(dict.fromkeys(line.split()[0] for line in logs))
    assert stages == ["ingest", "separate", "transcribe", "translate", "synthesize", "mux"]
    assert "All stages have succeeded" in dub("why", name).stdout

    assert dub("retry", name, "--stage", "mux").returncode == 0
    assert dub("watch", name, "--timeout", "120").returncode == 0

    assert dub("rm", name, "--media").returncode == 0
    for folder in ("inputs", "interim", "outputs"):
        assert not (VOLUME / folder / name).exists()
    assert cluster.items("pods", "-l", "app.kubernetes.io/name=dubjob-transfer") == []


def test_demo_shows_stages_and_files_and_runs_again(names: Names, sentence: Path) -> None:
    """What `make demo` does when the cluster runs. The second run reuses the first."""
    name = names("demo")
    for state in ("Succeeded in", "Reused"):
        done = subprocess.run(
            ["make", "demo-dub", f"DEMO_NAME={name}", f"DEMO_SOURCE={sentence}"], cwd=ROOT,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        for stage in STAGES:
            assert re.search(rf"^{stage} +{state}", done.stderr, re.MULTILINE), done.stderr
        assert "All stages have succeeded." in done.stderr
        listed = re.findall(rf"^build/dubs/{name}/(\S+) ", done.stdout, re.MULTILINE)
        assert {"dubbed_video.mp4", "trg.srt", "report.html"} <= set(listed)
        assert {each.name for each in (ROOT / "build/dubs" / name).iterdir()} == set(listed)
        page = f"build/local-cluster/volumes/data/outputs/{name}/report.html"
        assert page in done.stdout
        assert (ROOT / page).is_file()
    shutil.rmtree(ROOT / "build/dubs" / name)


def test_documented_python_dubs_a_file(
    cluster: Cluster, names: Names, sentence: Path, tmp_path: Path
) -> None:
    """The lines of docs/command.md, with a file of this name in the working directory."""
    name = names("sdk")
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/command.md").read_text(), re.DOTALL)
    assert '"talk.mp4", to="es"' in block
    shutil.copy(sentence, tmp_path / f"{name}.mp4")
    done = subprocess.run(
        [sys.executable, "-c", block.replace("talk.mp4", f"{name}.mp4")],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env=os.environ | {"KUBECONFIG": str(KUBECONFIG)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out/dubbed_video.mp4").stat().st_size > 100_000
    assert (VOLUME / "inputs" / name / "source.mp4").is_file()
    assert dub("rm", f"{name}-es", "--media").returncode == 0
    assert not (VOLUME / "inputs" / name).exists(), "the command had uploaded it"


def test_misspelt_field_is_refused(tmp_path: Path) -> None:
    """It would have no effect: the review would be skipped."""
    file, spec = tmp_path / "talk.mp4", tmp_path / "spec.yaml"
    file.write_bytes(b"one")
    spec.write_text("reviewAftr: [translate]\n")
    done = dub("submit", str(file), "--to", "es", "--spec", str(spec), "--dry-run", "server")
    assert done.returncode == 2, done.stderr
    assert 'unknown field "spec.reviewAftr"' in done.stderr


def test_source_of_another_dub_is_not_replaced(
    cluster: Cluster, names: Names, tmp_path: Path
) -> None:
    """Two files of the same name: the second one would become the source of the first dub."""
    name = names("shared")
    file = tmp_path / f"{name}.mp4"
    file.write_bytes(b"one")
    first = dub("submit", str(file), "--to", "es")
    assert first.returncode == 0, first.stderr
    same = dub("submit", str(file), "--to", "ca")
    assert same.returncode == 0, same.stderr
    file.write_bytes(b"two")
    other = dub("submit", str(file), "--to", "pt")
    assert other.returncode == 1
    assert f"uses inputs/{name}/source.mp4, which differs" in other.stderr
    assert (VOLUME / f"inputs/{name}/source.mp4").read_bytes() == b"one"
    again = dub("submit", str(file), "--to", "es")
    assert again.returncode == 1
    assert "--replace" in again.stderr
    uid = cluster.get("dubjob", f"{name}-es")["metadata"]["uid"]
    refused = dub("submit", str(file), "--to", "es", "--replace")
    assert "which differs" in refused.stderr, "the Catalan dub uses the file"
    assert cluster.get("dubjob", f"{name}-es")["metadata"]["uid"] == uid, "nothing is lost"
    for language in ("es", "ca"):
        assert dub("rm", f"{name}-{language}").returncode == 0


def test_reviews_are_corrected_and_approved(
    cluster: Cluster, names: Names, sentence: Path, tmp_path: Path
) -> None:
    """A corrected transcript has the language that was detected."""
    name = names("reviewed")
    waiting = dub("submit", str(sentence), "--to", "es", "--name", name,
                  "--review", "transcribe,translate", "--watch")  # fmt: skip
    assert waiting.returncode == 4, waiting.stderr
    corrected = review_with(tmp_path, name, "text", "The house is red.")
    assert corrected["text"] in (VOLUME / f"inputs/{name}/transcript.json").read_text()
    again = dub("watch", name, "--timeout", "120")
    assert again.returncode == 4, again.stderr
    assert cluster.get("dubjob", name)["status"]["sourceLanguage"] == "en"
    corrected = review_with(tmp_path, name, "translation", "Una frase nueva.")
    assert corrected["translation"] in (VOLUME / f"inputs/{name}/translation.json").read_text()
    assert dub("watch", name, "--timeout", "120").returncode == 0
    for file, text in (("src.srt", "The house is red."), ("trg.srt", "Una frase nueva.")):
        assert text in (VOLUME / f"outputs/{name}/text/{file}").read_text()


def review_with(folder: Path, name: str, key: str, text: str) -> dict[str, str]:
    """Replace `key` of the first segment that is reviewed, and approve it; the segment then."""
    kind = {"text": "src", "translation": "trg"}[key]
    segments = json.loads((VOLUME / f"outputs/{name}/text/{kind}_transcript.json").read_text())
    editor = folder / "editor"
    editor.write_text(f"#!/bin/sh\nsed -i 's/^> {segments[0][key][:12]}.*/> {text}/' $1\n")
    editor.chmod(0o755)
    done = dub("review", name, "--yes", editor=editor)
    assert done.returncode == 0, done.stderr
    return {**segments[0], key: text}


class CuttingProxy(threading.Thread):
    """Forwards connections to the API server, and cuts the `cuts` that carry the most."""

    def __init__(self, target: tuple[str, int], cuts: int, after: int) -> None:
        super().__init__(daemon=True)
        self.target, self.cuts, self.after = target, cuts, after
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.done = 0

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def run(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                far = socket.create_connection(self.target)
                threading.Thread(target=self._connect, args=(near, far), daemon=True).start()

    def _connect(self, near: socket.socket, far: socket.socket) -> None:
        moved = [0]
        with near, far:
            back = threading.Thread(target=self._forward, args=(far, near, moved), daemon=True)
            back.start()
            self._forward(near, far, moved)
            back.join()

    def _forward(self, one: socket.socket, other: socket.socket, moved: list[int]) -> None:
        with suppress(OSError):
            while block := one.recv(1 << 16):
                other.sendall(block)
                moved[0] += len(block)
                if moved[0] > self.after and self.done < self.cuts:
                    self.done += 1
                    break
        for each in (one, other):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[tuple[CuttingProxy, Path]]:
    config = yaml.safe_load(KUBECONFIG.read_text())
    cluster = config["clusters"][0]["cluster"]
    server = urlsplit(cluster["server"])
    assert server.hostname is not None
    assert server.port is not None
    thread = CuttingProxy((server.hostname, server.port), cuts=10, after=5 << 20)
    thread.start()
    cluster["server"] = f"https://127.0.0.1:{thread.port}"
    cluster["tls-server-name"] = server.hostname
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    yield thread, path
    thread.listener.close()


def test_transfers_survive_a_connection_that_is_cut(
    tmp_path: Path, proxy: tuple[CuttingProxy, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Up and down, each with ten cuts. TRANSFER_MIB=4096 measures a large file."""
    cutter, kubeconfig = proxy
    file, copy, back = (tmp_path / name for name in ("large.bin", "copy.bin", "back.bin"))
    size = int(os.environ.get("TRANSFER_MIB", "64"))
    with file.open("wb") as stream:
        for _ in range(size):
            stream.write(random.randbytes(1 << 20))
    os.sync()
    started = time.monotonic()
    shutil.copyfile(file, copy)
    os.sync()
    seconds = {"cp": time.monotonic() - started}
    copy.unlink()

    started = time.monotonic()
    done = dub("put", str(file), "cut/large.bin", kubeconfig=kubeconfig)
    seconds["up"] = time.monotonic() - started
    assert done.returncode == 0, done.stderr
    assert cutter.done == 10
    stored = VOLUME / "inputs/cut/large.bin"
    assert digest(stored) == digest(file)
    assert [each.name for each in stored.parent.iterdir()] == ["large.bin"]

    cutter.done = 0
    started = time.monotonic()
    with Client(NAMESPACE, kubeconfig=str(kubeconfig)).volume() as volume:
        volume.get("inputs/cut/large.bin", back)
    seconds["down"] = time.monotonic() - started
    assert cutter.done == 10
    assert digest(back) == digest(file)
    shutil.rmtree(stored.parent)
    with capsys.disabled():
        rates = ", ".join(f"{name} {size / each:.0f} MiB/s" for name, each in seconds.items())
        print(f" {size} MiB: {rates}", end="")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["watch", "no-such-dub"], 1, "does not exist"),
        (["get", "no-such-dub"], 1, "does not exist"),
        (["rm", ""], 2, "is no name of a DubJob"),
        (["submit", "/no/such/file.mp4", "--to", "es"], 2, "is not a file"),
        (["submit", __file__, "--to", "spanish"], 2, "BCP 47"),
        (["submit", __file__, "--to", "es", "--from", "spanish"], 2, "BCP 47"),
        (["submit", __file__, "--to", "es", "--from", "es"], 2, "another language"),
        (["submit", __file__, "--to", "es", "--review", "all"], 2, "spec.reviewAfter[0]"),
        (["submit", __file__, "--to", "es", "--profile", "nope"], 1, "no DubProfile nope"),
        (["submit", __file__, "--to", ","], 2, "no target language"),
        (["submit", __file__, "--to", "es", "--get", __file__], 2, "cannot be used as a folder"),
        (["put", __file__, "../outside"], 2, "must not contain '..'"),
        (["put", __file__, "bad-input"], 1, "it is a folder"),
        (["put", __file__, "bad-input/file/x"], 1, "file is a file"),
        (["put", __file__, "a" * 300], 1, "File name too long"),
        (["logs", "x", "--stage", "nope"], 2, "is no stage"),
        (["list", "-l", "(("], 2, "found '('"),
        (["list", "--context", "no-such-context"], 2, "no-such-context"),
    ],
)
def test_bad_input_fails_with_a_message(
    cluster: Cluster, arguments: list[str], code: int, words: str
) -> None:
    folder = VOLUME / "inputs/bad-input"
    folder.mkdir(exist_ok=True)
    (folder / "file").touch()
    before = cluster.items("dubjobs")
    done = dub(*arguments)
    shutil.rmtree(folder)
    assert cluster.items("dubjobs") == before
    assert done.returncode == code, done
    assert words in done.stderr
    assert "Traceback" not in done.stderr
