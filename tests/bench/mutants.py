"""Change the code in small ways and count how often the unit tests notice.

    mutants.py FOLDER PATH... -- TEST...

PATH is a package, or a module of one; TEST is a file of tests/unit. All is copied to FOLDER, where
`mutmut` works, so that the source tree is never changed. Prints the mutants that survived and the
share of those that were killed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = ("operator/src/dubjob_operator", "stage-images/src/dubstage")
MUTMUT = "mutmut==3.8.1"
KILLED = frozenset({"killed", "timeout", "caught by type check"})
CONFIGURATION = """\
[tool.mutmut]
source_paths = ["src"]
only_mutate = {patterns}
pytest_add_cli_args = ["-p", "no:cacheprovider", "-q"]
pytest_add_cli_args_test_selection = {tests}
use_git_change_detection = false

[tool.pytest.ini_options]
pythonpath = ["tests/unit"]
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
markers = ["chaos"]
"""


def prepare(folder: Path, paths: Iterable[str], tests: Iterable[str]) -> None:
    """Copy the sources and the unit tests to `folder`, and write what `mutmut` reads."""
    shutil.rmtree(folder, ignore_errors=True)
    for source in SOURCES:
        shutil.copytree(ROOT / source, folder / "src" / Path(source).name)
    shutil.copytree(ROOT / "tests/unit", folder / "tests/unit")
    text = CONFIGURATION.format(
        patterns=json.dumps([pattern(path) for path in paths]), tests=json.dumps(list(tests))
    )
    (folder / "pyproject.toml").write_text(text)


def pattern(path: str) -> str:
    """The files of a package or module, as they lie in the copy. Raises :class:`ValueError`."""
    for source in SOURCES:
        if Path(path).is_relative_to(source):
            place = Path("src", Path(source).name) / Path(path).relative_to(source)
            return str(place) if place.suffix else f"{place}/*"
    raise ValueError(f"{path} is not in {' or '.join(SOURCES)}")


def outcomes(folder: Path) -> Iterator[tuple[str, str]]:
    """Each mutant and what became of it."""
    listed = _mutmut(folder, "results", "--all", "true")
    for line in listed.splitlines():
        name, found, outcome = line.strip().rpartition(": ")
        if found and "__mutmut_" in name:
            yield name, outcome


def report(found: Iterable[tuple[str, str]]) -> str:
    """The survivors, then the share that was killed."""
    results = list(found)
    survivors = [f"{outcome:<10} {name}" for name, outcome in results if outcome not in KILLED]
    counts = Counter(outcome in KILLED for _, outcome in results)
    share = counts[True] / len(results) if results else 0.0
    return "\n".join([*survivors, f"killed: {counts[True]} of {len(results)} ({share:.1%})"])


def _mutmut(folder: Path, *arguments: str) -> str:
    """What it printed, also kept in its log. Raises :class:`subprocess.CalledProcessError`."""
    command = ["uv", "run", "--frozen", "--all-packages", "--with", MUTMUT, "--project", str(ROOT),
               "--directory", str(folder), "mutmut", *arguments]  # fmt: skip
    log = folder / "mutmut.log"
    with log.open("w") as output:
        subprocess.run(
            command, check=True, stdout=output, stderr=output,
            env={**os.environ, "PYTHONPATH": "src"},
        )  # fmt: skip
    return log.read_text()


def main(folder: str, *arguments: str) -> int:
    """Prepare, run, report; 1 where nothing was changed."""
    cut = arguments.index("--")
    place = Path(folder).resolve()
    prepare(place, arguments[:cut], arguments[cut + 1 :])
    try:
        _mutmut(place, "run", "--max-children", str(os.cpu_count() or 1))
        found = list(outcomes(place))
    except subprocess.CalledProcessError:
        print(f"mutmut has failed. Its output is in {place / 'mutmut.log'}.", file=sys.stderr)
        return 1
    print(report(found))
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
