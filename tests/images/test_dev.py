"""The dev variants run code that changes, with the root read-only."""

from __future__ import annotations

from pathlib import Path

import pytest
from container import Container, Image

PROGRAM = (
    "import time, {0} as it; print(it.__file__, hasattr(it, 'CHANGED'), flush=True); time.sleep(60)"
)
SCRIPT = """
dev-start python3 -c "$1" &
sleep 3
echo 'CHANGED = True' >>"$2"
sleep 3
kill $!
wait
"""


@pytest.mark.parametrize(
    ("name", "module", "file"),
    [
        ("cpu-dev", "dubstage.media.ffmpeg", "/tmp/dubjob/src/dubstage/media/ffmpeg.py"),
        ("operator-dev", "dubjob_operator.names", "/tmp/dubjob/operator/dubjob_operator/names.py"),
        ("operator-dev", "dubstage.contract", "/tmp/dubjob/src/dubstage/contract/__init__.py"),
    ],
)
def test_changed_code_restarts_the_program(
    container: Container, module: str, file: str, tmp_path: Path
) -> None:
    """What `skaffold dev` does to a running container, by hand."""
    done = container.run("sh", "-c", SCRIPT, "sh", PROGRAM.format(module), file, folder=tmp_path)
    assert done.stdout.splitlines() == [f"{file} False", f"{file} True"], done.stderr


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("cpu-dev", (None, ["dev-start"])),
        ("operator-dev", (["dev-start", "python3", "-m", "dubjob_operator"], None)),
    ],
)
def test_dev_image_starts_with_dev_start(image: Image, start: object) -> None:
    assert (image.config.get("Entrypoint"), image.config.get("Cmd")) == start
