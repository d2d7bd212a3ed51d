"""The weights in the image tts: from the build argument and a hub to what the engine loads.

The real Dockerfile, with the light image in place of the heavy one: it has the library for
Hugging Face too."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import uuid
from http.server import ThreadingHTTPServer
from pathlib import Path

import build
import pytest
import test_stage_models
from container import Image, started
from test_stage_models import hub as hub

MODEL = "CosyVoice2-0.5B"
FILES = {
    name: name.encode()
    for name in (
        "cosyvoice2.yaml", "llm.pt", "flow.pt", "hift.pt", "campplus.onnx",
        "speech_tokenizer_v2.onnx", "README.md",
        *(
            f"CosyVoice-BlankEN/{file}"
            for file in (
                "config.json", "merges.txt", "model.safetensors", "tokenizer_config.json",
                "vocab.json",
            )
        ),
    )
}  # fmt: skip
"""A repository with the names of the real one."""


def stage_of(dockerfile: str, name: str) -> str:
    """The text of one stage."""
    (found,) = re.findall(rf"^FROM \S+ AS {name}\n(?:(?!FROM ).*\n)+", dockerfile, re.MULTILINE)
    return str(found)


class Builder:
    """Builds the image from the real Dockerfile on the light image."""

    def __init__(self, folder: Path, buildah: build.Buildah, hub: ThreadingHTTPServer) -> None:
        self.buildah, self.hub = buildah, hub
        self.context = folder / "context"
        build.copy_context(self.context)
        dockerfile = self.context / "stage-images/Dockerfile"
        text = dockerfile.read_text()
        light, heavy = stage_of(text, "cpu-engines"), stage_of(text, "tts-cosyvoice")
        text = text.replace(heavy, light.replace("AS cpu-engines", "AS tts-cosyvoice"))
        # A cache of its own: a real build must not find these weights.
        assert "id=dubjob-models" in text
        text = text.replace("id=dubjob-models", f"id=test-{uuid.uuid4().hex[:8]}")
        dockerfile.write_text(text)
        os.utime(dockerfile, (build.FIXED_TIME, build.FIXED_TIME))

    def build(self, **arguments: str) -> Image:
        """Build the image tts with these arguments."""
        given = {"HF_ENDPOINT": f"http://127.0.0.1:{self.hub.server_port}", **arguments}
        words = [word for item in given.items() for word in ("--build-arg", "=".join(item))]
        words += ["--build-arg", "NO_PROXY=127.0.0.1", "--build-arg", "no_proxy=127.0.0.1"]
        usual = build.build_arguments(self.context, "tts", build.BASE)[:-2]
        out = self.buildah.run(
            "bud", *usual, *build.trust_arguments(), *words, self.context, capture=True
        )
        return Image(self.buildah, out.splitlines()[-1])


@pytest.fixture
def builder(
    hub: ThreadingHTTPServer, shared_buildah: build.Buildah, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Builder:  # fmt: skip
    monkeypatch.setitem(test_stage_models.FILES, f"FunAudioLLM/{MODEL}", FILES)
    return Builder(tmp_path, shared_buildah, hub)


def test_weights_are_in_the_image_on_request(
    builder: Builder, hub: ThreadingHTTPServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Anybody can read them, without a network and a models volume. A second build with the
    revision of the first one downloads the same; another revision fails."""
    image = builder.build(DOWNLOAD_COSYVOICE_MODELS="true")
    with started(image) as container:
        folder = container.root / "opt/dubjob/models/cosyvoice" / MODEL
        found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
        assert found == {*FILES, "SHA256SUMS"} - {"README.md"}
        assert (folder / "llm.pt").read_bytes() == b"llm.pt"
        digest = hashlib.sha256((folder / "SHA256SUMS").read_bytes()).hexdigest()
        checked = container.run(
            "dubstage", "models", "check", "--model", f"cosyvoice/{MODEL}@sha256:{digest}",
            folder=tmp_path,
        )  # fmt: skip
        assert checked.returncode == 0, checked.stderr
        assert checked.stdout.startswith(f"cosyvoice/{MODEL}: complete, in this image\n")
        loaded = container.run(
            "python3", "-c",
            "from dubstage.contract import EngineChoice; from dubstage.models import model_folder; "
            "from dubstage.workspace.layout import Roots; "
            f"choice = EngineChoice(engine='cosyvoice', model='{MODEL}'); "
            "print(model_folder(Roots.from_environment({}), choice))",
            folder=tmp_path,
        )  # fmt: skip
        assert loaded.stdout.strip() == f"/opt/dubjob/models/cosyvoice/{MODEL}", loaded.stderr

    asked = len(hub.asked)  # type: ignore[attr-defined]
    builder.build(
        DOWNLOAD_COSYVOICE_MODELS="true", COSYVOICE_MODEL=f"{MODEL}@sha256:{digest}"
    )  # fmt: skip
    assert len(hub.asked) > asked  # type: ignore[attr-defined]
    with pytest.raises(subprocess.CalledProcessError) as failed:
        builder.build(
            DOWNLOAD_COSYVOICE_MODELS="true", COSYVOICE_MODEL=f"{MODEL}@sha256:{'0' * 64}"
        )
    assert "has the revision sha256:" in failed.value.output + capfd.readouterr().err


def test_image_has_no_weights_by_default(builder: Builder, hub: ThreadingHTTPServer) -> None:
    with started(builder.build()) as container:
        assert list((container.root / "opt/dubjob/models").iterdir()) == []
    assert hub.asked == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("wanted", "model", "words"),
    [
        ("yes", MODEL, "expected true or false"),
        ("true", "../../etc", "names no model"),
        ("true", "CosyVoice9", "no repository is known"),
    ],
)
def test_wrong_argument_fails_the_build(
    builder: Builder, wanted: str, model: str, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        builder.build(DOWNLOAD_COSYVOICE_MODELS=wanted, COSYVOICE_MODEL=model)
    assert words in failed.value.output + capfd.readouterr().err
