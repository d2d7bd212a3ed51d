"""Extract the text that people read from files that are not Markdown, for Vale.

python tools/prose.py FOLDER    writes one Markdown file per source file to FOLDER

Line numbers are those of the source file, so that a finding names the right line. YAML, shell,
Make and Docker files contribute their comments. Python files contribute their comments and the
strings that are sentences, such as messages and docstrings.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMENTED = (
    *("*.yaml", "*.sh", "*.hcl", "*.toml", "Makefile", "*/Dockerfile", ".vale.ini"),
    *("stage-images/requirements/*.txt", "stage-images/install-requirements"),
)
"""Files whose `#` comments are checked."""
MESSAGES = ("*/src/*.py", "examples/*.py", ":(glob)stage-images/*.py", "tools/*.py")
"""Python files whose messages and docstrings are checked."""
PLAIN = ("*/NOTES.txt",)
"""Files that are checked as they are."""
GENERATED = re.compile(
    r"^(crds|charts/[^/]+/definitions)/|/testdata/|pins|/text/spoken/languages/[a-z]+\.py$"
)
"""Files that are generated, or hold words of other languages."""
SENTENCE = re.compile(r"[A-Za-z]{2,}\b.* .*\b[A-Za-z]{2,}")
"""Two words: anything shorter is a name or a key."""


def extract(folder: Path) -> None:
    """Write the prose of every tracked file to `folder`."""
    for patterns, prose in ((COMMENTED, comments), (MESSAGES, messages), (PLAIN, lines)):
        for file in tracked(patterns):
            text: dict[int, str] = {}
            for number, line in prose((ROOT / file).read_text()):
                if line:
                    text[number] = f"{text.get(number, '')} {line}".strip()
            if not text:
                continue
            target = folder / f"{file}.md"
            target.parent.mkdir(parents=True, exist_ok=True)
            last = max(text)
            target.write_text("\n".join(text.get(n, "") for n in range(1, last + 1)) + "\n")


def tracked(patterns: tuple[str, ...]) -> list[Path]:
    """The files in Git that match one of `patterns`, without generated ones."""
    listed = subprocess.run(
        ["git", "ls-files", "--", *patterns], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    return [Path(name) for name in listed if not GENERATED.search(name)]


def comments(text: str) -> Iterator[tuple[int, str]]:
    """Line number and text of every `#` comment."""
    for number, line in enumerate(text.splitlines(), start=1):
        found = re.search(r"(?:^|\s)#+ (.*)", line)
        yield number, found[1].strip() if found else ""


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Every line, without indentation."""
    for number, line in enumerate(text.splitlines(), start=1):
        yield number, line.strip()


def messages(text: str) -> Iterator[tuple[int, str]]:
    """Yield line number and text of every comment, and of every string that is a sentence."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("#: ")
    tree = ast.parse(text)
    inner = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if part is not node
    }
    for node in ast.walk(tree):
        found = _string(node) if id(node) not in inner else ""
        if SENTENCE.search(found):
            first = getattr(node, "lineno", 1)
            for offset, line in enumerate(found.splitlines()):
                yield first + offset, line.strip()


def _string(node: ast.AST) -> str:
    """The text of a string; `X` for each value that an f-string inserts."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_string(part) or "`X`" for part in node.values)
    return ""


if __name__ == "__main__":
    extract(Path(sys.argv[1]))
