"""The command `dub` against the local cluster: only its kubeconfig is used."""

from __future__ import annotations

import hashlib
import json
import os
import random
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from local_view import LOCAL, NAMESPACE, VOLUME, Cluster, Names

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
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_one_command_dubs_a_file(
    cluster: Cluster, names: Names, sample: Path, tmp_path: Path
) -> None:
    name, out = names("my-talk"), tmp_path / "out"
    done = dub("submit", str(sample), "--to", "es", "--from", "en", "--name", name,
               "--get", str(out))  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (out / "dubbed_video.mp4").stat().st_size > 1_000_000
    assert "mux" in done.stderr
    listed = json.loads(dub("list", "-o", "json").stdout)
    outputs = next(each for each in listed if each["metadata"]["name"] == name)
    digests = {each["name"]: each["sha256"] for each in outputs["status"]["outputs"]}
    assert digests["video"] == digest(out / "dubbed_video.mp4")

    opened = dub("open", name, str(tmp_path / "opened"), "--no-browser", "-o", "name")
    page = Path(opened.stdout.strip())
    assert page == tmp_path / f"opened/outputs/{name}/report.html", opened.stderr
    assert digests["report-page"] == digest(page)
    assert digest(page.parent / "../../inputs" / name / "source.mp4") == digest(sample)

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


def test_review_is_corrected_and_approved(
    cluster: Cluster, names: Names, sample: Path, tmp_path: Path
) -> None:
    name = names("reviewed")
    waiting = dub("submit", str(sample), "--to", "es", "--from", "en", "--name", name,
                  "--review", "translate", "--watch")  # fmt: skip
    assert waiting.returncode == 4, waiting.stderr
    segments = json.loads((VOLUME / f"outputs/{name}/text/trg_transcript.json").read_text())
    first = segments[0]
    editor = tmp_path / "editor"
    editor.write_text(
        f"#!/bin/sh\nsed -i 's/^> {first['translation'][:12]}.*/> Una frase nueva./' $1\n"
    )
    editor.chmod(0o755)
    done = dub("review", name, "--yes", editor=editor)
    assert done.returncode == 0, done.stderr
    assert "Una frase nueva." in (VOLUME / f"inputs/{name}/translation.json").read_text()
    assert dub("watch", name, "--timeout", "120").returncode == 0
    assert "Una frase nueva." in (VOLUME / f"outputs/{name}/text/trg.srt").read_text()


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
    tmp_path: Path, proxy: tuple[CuttingProxy, Path]
) -> None:
    cutter, kubeconfig = proxy
    file = tmp_path / "large.bin"
    file.write_bytes(random.randbytes(64 << 20))
    done = dub("put", str(file), "cut/large.bin", kubeconfig=kubeconfig)
    assert done.returncode == 0, done.stderr
    assert cutter.done == 10
    stored = VOLUME / "inputs/cut/large.bin"
    assert digest(stored) == digest(file)
    assert [each.name for each in stored.parent.iterdir()] == ["large.bin"]
    stored.unlink()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["watch", "no-such-dub"], 1, "does not exist"),
        (["get", "no-such-dub"], 1, "does not exist"),
        (["submit", "/no/such/file.mp4", "--to", "es"], 1, "is not a file"),
        (["submit", __file__, "--to", "spanish"], 1, "BCP 47"),
        (["submit", __file__, "--to", ","], 2, "names no language"),
        (["put", __file__, "../outside"], 2, "no path below the inputs folder"),
        (["logs", "x", "--stage", "nope"], 2, "is no stage"),
        (["list", "--context", "no-such-context"], 1, "no-such-context"),
    ],
)
def test_bad_input_is_a_sentence(arguments: list[str], code: int, words: str) -> None:
    done = dub(*arguments)
    assert done.returncode == code, done
    assert words in done.stderr
    assert "Traceback" not in done.stderr
