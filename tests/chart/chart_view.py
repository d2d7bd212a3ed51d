"""What a chart renders with the real Helm: objects, or Helm's complaint."""

from __future__ import annotations

import json
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from local_cluster.tools import tools

ROOT = Path(__file__).parents[2]
CHARTS = ROOT / "charts"
OPERATOR, PROFILES = "dubjob-operator", "dubjob-profiles"
NAMESPACES = {OPERATOR: "dubjob-system", PROFILES: "dubbing"}
IMAGES: dict[str, dict[str, Any]] = {
    OPERATOR: {"image.repository": "r.example/operator"},
    PROFILES: {f"images.{name}": f"r.example/{name}:1" for name in ("cpu", "extra", "stt", "tts")},
}
"""The images, which the charts have no defaults for. A test's own values come after them."""
Object = dict[str, Any]


class Rendered(list[Object]):
    """The objects of one rendering."""

    def of(self, kind: str) -> dict[str, Object]:
        """Name → object of that kind."""
        return {each["metadata"]["name"]: each for each in self if each["kind"] == kind}

    def one(self, kind: str) -> Object:
        """The only object of that kind."""
        (found,) = [each for each in self if each["kind"] == kind]
        return found


def render(chart: str, **values: Any) -> Rendered:
    """The chart's objects; a value's dots are written as double underscores."""
    return render_in(NAMESPACES[chart], chart, **values)


def render_in(namespace: str, chart: str, **values: Any) -> Rendered:
    """The same for a release in `namespace`."""
    done = _helm(chart, _flags(chart, values), namespace)
    assert done.returncode == 0, done.stderr
    return Rendered(each for each in yaml.safe_load_all(done.stdout) if each)


def complaint(chart: str, **values: Any) -> str:
    """What Helm says of values that it does not take."""
    done = _helm(chart, _flags(chart, values), NAMESPACES[chart])
    assert done.returncode != 0, "Helm took it"
    return done.stderr


def _flags(chart: str, values: Object) -> str:
    """The values as JSON, after the images: an object that is given replaces nothing else."""
    return json.dumps({**IMAGES[chart], **{k.replace("__", "."): v for k, v in values.items()}})


@lru_cache
def _helm(chart: str, values: str, namespace: str) -> subprocess.CompletedProcess[str]:
    flags = [f"--set-json={key}={json.dumps(value)}" for key, value in json.loads(values).items()]
    return subprocess.run(
        [str(tools(()).helm), "template", "dubjob", str(CHARTS / chart),
         "--namespace", namespace, *flags],
        check=False, capture_output=True, text=True,
    )  # fmt: skip


def values(chart: str) -> Object:
    """The chart's default values."""
    found: Object = yaml.safe_load((CHARTS / chart / "values.yaml").read_text())
    return found
