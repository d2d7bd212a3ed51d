"""Checks of the documents: links, anchors, commands, reasons, metrics, alerts."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import markdown_commands as markdown
import pytest
import tomllib
import yaml

from dubjob_operator import reasons
from dubjob_operator.api.status import StageState
from dubjob_operator.planning import start_faults
from dubstage.contract import ENGINE_NAMES, Stage
from dubstage.engines import ENGINES, Engine

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
KUBECTL_VERBS = frozenset(
    "annotate apply auth cp create delete describe diff exec explain get kustomize label logs "
    "patch rollout run scale wait".split()
)
HELM_VERBS = frozenset("install lint package push rollback template uninstall upgrade".split())
OURS = ("charts/", "data-pvc/", "crds", "examples/", "gitops/", "stage-images/", "local-cluster/")
"""Prefixes of paths in this repository, in commands."""

each_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT))
)


@each_document
def test_links_have_targets(document: Path) -> None:
    text = _without_code(document.read_text())
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / path) if path else document
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


@lru_cache
def anchors(file: Path) -> set[str]:
    """Return the anchors that GitHub creates for headings."""
    headings = re.findall(r"^#+ (.+)$", _without_code(file.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _without_code(text: str) -> str:
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def commands(document: Path) -> Iterator[list[str]]:
    """Yield the command lines of the shell blocks, split into words."""
    for block in re.findall(r"```sh\n(.*?)```", document.read_text(), re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            for part in re.split(r"\s\|\s", line):
                words = shlex.split(part, comments=True)
                if words:
                    yield words


@each_document
def test_documented_make_targets_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    documented = set(re.findall(r"`make ([a-z][a-z0-9-]*)", document.read_text()))
    documented |= {words[1] for words in commands(document) if words[0] == "make"}
    assert documented <= targets


def test_contributing_says_which_tests_ci_runs() -> None:
    makefile = (ROOT / "Makefile").read_text()
    page = (ROOT / "CONTRIBUTING.md").read_text()
    (parts,) = re.findall(r"^test: (.*?) ##", makefile, re.MULTILINE)
    lists = re.findall(
        r"The parts of `make test`:\n\n```sh\n(.*?)```.*?```sh\n(.*?)```", page, re.S
    )
    run, separate = (re.findall(r"^make (test-\S+)", each, re.M) for each in lists[0])
    assert run == [part for part in parts.split() if part.startswith("test-")]
    every = re.findall(r"^(test-[a-z0-9]+):", makefile, re.MULTILINE)
    assert sorted(run + separate) == sorted(every)


def test_installers_without_workspaces_get_every_package() -> None:
    """pip and pipx look for the others on PyPI, which does not have them."""
    workspace = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["workspace"]
    lines = [
        words
        for words in commands(ROOT / "docs/command.md")
        if words[0] in ("pip", "pipx") and words[1] == "install"
    ]
    assert len(lines) == 2
    for words in lines:
        assert {Path(word).name for word in words if "/" in word} == set(workspace["members"])


@each_document
def test_commands_name_existing_files_and_verbs(document: Path) -> None:
    for words in commands(document):
        for word in words:
            path = word.partition("=")[2] if word.startswith("CLAIMS=") else word
            if path.startswith(OURS):
                assert (ROOT / path).exists(), f"{path} in {' '.join(words)}"
        flags = _skip_flags(words[1:])
        if words[0] == "kubectl":
            assert flags[0] in KUBECTL_VERBS, " ".join(words)
        if words[0] == "helm":
            assert flags[0] in HELM_VERBS, " ".join(words)


def _skip_flags(words: list[str]) -> list[str]:
    """Return the words from the verb on; the namespace may precede it."""
    return words[2:] if words[:1] and words[0] in ("-n", "--namespace") else words


def test_commands_are_read() -> None:
    install = [words[0] for words in commands(ROOT / "docs/install.md")]
    assert {"make", "helm", "kubectl"} <= set(install)


def operator_reasons() -> set[str]:
    """Return every reason of the operator, without those that only Events have."""
    constants = {value for name, value in vars(reasons).items() if name.isupper()}
    found = {value for value in constants if isinstance(value, str)} - reasons.EVENTS
    found |= start_faults.POD_FAULTS | start_faults.PULL_PROBLEMS
    found |= start_faults.JOB_FAULTS | start_faults.STAGE_FAULTS
    return found | {str(state) for state in StageState} - {"Succeeded", "Failed"}


def stage_reasons() -> set[str]:
    """Return every reason of a stage."""
    found: set[str] = set()
    for file in (ROOT / "stage-images/src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "reason":
                found |= _constant(node.value)
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "reason":
                found |= _constant(node.value)
    return found


def _constant(node: ast.expr) -> set[str]:
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


def test_troubleshooting_page_has_a_row_for_each_reason_and_for_nothing_else() -> None:
    page = (ROOT / "docs/troubleshooting.md").read_text()
    rows = re.findall(r"^\| `([A-Za-z]+)` \|", page, re.MULTILINE)
    assert len(rows) == len(set(rows)), "a reason has two rows"
    known = operator_reasons() | stage_reasons()
    assert {"ExitCode", "OOMKilled", "ErrImagePull", "NoSpeech", "BadInput"} <= known
    assert known - set(rows) == set(), "add a row to docs/troubleshooting.md"
    assert set(rows) - known == set(), "docs/troubleshooting.md has rows for unknown reasons"


def test_every_metric_is_in_the_operations_page() -> None:
    page = (ROOT / "docs/operations.md").read_text()
    documented = {
        re.sub("_total$", "", name) for name in re.findall(r"^\| `(dubjob_\w+)`", page, re.M)
    }
    source = (ROOT / "operator/src/dubjob_operator/cluster/metrics.py").read_text()
    assert documented == set(re.findall(r'"(dubjob_\w+)"', source))


def test_every_alert_is_in_the_operations_page() -> None:
    page = (ROOT / "docs/operations.md").read_text()
    alerts = yaml.safe_load((ROOT / "charts/dubjob-operator/monitoring/alerts.yaml").read_text())
    rules = {rule["alert"] for group in alerts["groups"] for rule in group["rules"]}
    assert set(re.findall(r"^\| `(DubJob\w+)` \|", page, re.M)) == rules


@pytest.mark.parametrize("stage", ["separate", "transcribe", "translate", "synthesize"])
def test_every_engine_is_in_the_tables(stage: str) -> None:
    engines = set(ENGINE_NAMES[Stage(stage)])
    (row,) = re.findall(rf"^\| {stage} \| ([^|]+) \|", (ROOT / "docs/stages.md").read_text(), re.M)
    assert set(row.split(", ")) == engines
    page = (ROOT / "docs/engines.md").read_text()
    assert set(re.findall(rf"^\| {stage} \| `([^`]+)` \|", page, re.M)) == engines


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_engines_page_says_what_an_engine_requires(engine: Engine) -> None:
    page = (ROOT / "docs/engines.md").read_text()
    (required,) = re.findall(rf"^\| [a-z, ]+ \| `{engine.name}` \| ([^|]+) \|", page, re.M)
    assert ("network" in required) == engine.needs_network
    assert ("model" in required) == (engine.model_sources is not None)


def test_flux_expressions_are_equal_in_docs_and_files() -> None:
    (block,) = re.findall(
        r"```yaml\n(healthCheckExprs:.*?)```", (ROOT / "docs/gitops.md").read_text(), re.DOTALL
    )
    (kustomization,) = yaml.safe_load_all((ROOT / "gitops/flux/dubs.yaml").read_text())
    documented = yaml.safe_load(block)["healthCheckExprs"]
    assert documented == kustomization["spec"]["healthCheckExprs"]


def test_every_command_is_run_or_has_a_reason_not_to_be() -> None:
    """`make test-walk` runs the commands of the installation and of operations."""
    walk = (ROOT / "tests/walk/test_walk_install.py").read_text()
    assert [name for name in markdown.RUN if f'place.run("{name}")' not in walk] == []
    known = [markdown.block(*place) for place in [*markdown.RUN.values(), *markdown.NOT_RUN]]
    every = [each for document in markdown.DOCUMENTS for each in markdown.blocks(document)]
    assert sorted(known, key=every.index) == every


def test_image_of_the_terminal_is_small_moves_and_names_no_machine() -> None:
    image = (ROOT / "docs/screenshots/terminal.svg").read_text()
    assert len(image.encode()) < 200_000
    for word in ("dub", "ingest", "dubbed_video.mp4", "mux", "@keyframes", "reduced-motion"):
        assert word in image
    assert not re.search(r"/(tmp|root|home|work)/|@font-face", image)
