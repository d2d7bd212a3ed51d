"""Generate the reference pages: the API from the CRDs, the chart values from their comments.

python tools/generate.py FOLDER    writes api.md and values.md to FOLDER
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
CRDS = ("dubjobs", "dubprofiles", "clusterdubprofiles")
SAME = {"clusterdubprofiles": "dubprofiles"}
"""CRDs that have the fields of another one."""
CHARTS = ("dubjob-operator", "dubjob-profiles")
MADE = "<!-- Generated: make docs -->\n"
Node = dict[str, Any]
WHOLE = {"resources", "requests", "limits"}
"""Values that are shown as a whole, not key by key."""


def api() -> str:
    """Return the page with the fields of the API."""
    parts = [
        MADE,
        "# API reference\n\n",
        "The fields of `dubjob.dev/v1alpha1`, as shown by `kubectl explain`. "
        "[DubJobs](dubjobs.md) explains how they work together, and the "
        "[API policy](api-policy.md) what may change.\n",
    ]
    for name in CRDS:
        same = _crd(SAME[name])["spec"] if name in SAME else None
        parts.append(_kind(_crd(name)["spec"], same))
    return "".join(parts)


def _crd(name: str) -> Node:
    """Return the CRD with that plural name."""
    crd: Node = yaml.safe_load((ROOT / f"crds/{name}.yaml").read_text())
    return crd


def _kind(spec: Node, same: Node | None) -> str:
    """Return the section of one kind: names, columns, fields and rules. Fields that it
    shares with the kind `same` are left out."""
    version = spec["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]
    scope = "namespaced" if spec["scope"] == "Namespaced" else "cluster-scoped"
    text = f"\n## {spec['names']['kind']}\n\n{schema['description']} "
    text += f"Short name: `{spec['names']['shortNames'][0]}`; {scope}.\n"
    columns = ", ".join(column["name"] for column in version["additionalPrinterColumns"])
    text += f"\nColumns of `kubectl get`: {columns}.\n"
    for part in ("spec", "status"):
        if part in schema["properties"]:
            rows = list(_fields(schema["properties"][part], ""))
            text += f"\n### {spec['names']['kind']} {part}\n\n"
            if same:
                known = same["versions"][0]["schema"]["openAPIV3Schema"]["properties"][part]
                rows = [row for row in rows if row not in set(_fields(known, ""))]
                text += f"The fields of {same['names']['kind']}{', and:' if rows else '.'}\n\n"
            if rows:
                text += "| field | type | description |\n|---|---|---|\n"
                text += "".join(f"| {' | '.join(row)} |\n" for row in rows)
    rules = list(dict.fromkeys(rule["message"] for rule in _rules(schema)))
    if same:
        rules = []
    if rules:
        text += f"\n### {spec['names']['kind']} rules\n\n"
        text += "The API server refuses an object with one of these messages.\n\n"
        text += "".join(f"- {rule}\n" for rule in rules)
    return text


def _fields(node: Node, path: str) -> Iterator[tuple[str, str, str]]:
    """Yield the path, type and description of every field in `node`."""
    properties: Node = node.get("properties", {})
    required = node.get("required", ())
    shapes = {str(sorted(part.get("properties", {}))) for part in properties.values()}
    if len(properties) > 1 and len(shapes) == 1 and shapes != {"[]"}:
        # Entries with the same fields are described once.
        yield (
            f"`{path.rstrip('.')}.*`",
            "object",
            f"Entries: {', '.join(f'`{n}`' for n in properties)}.",
        )
        yield from _fields(next(iter(properties.values())), f"{path.rstrip('.')}.*.")
        return
    for name, part in properties.items():
        if any(rule["rule"] == "false" for rule in part.get("x-kubernetes-validations", ())):
            # A renamed field: its rule says so.
            continue
        kind = _value(part) + (", required" if name in required else "")
        yield f"`{path}{name}`", kind, part.get("description", "").replace("|", "\\|")
        inner = part.get("items", part)
        yield from _fields(inner, f"{path}{name}{'[]' if 'items' in part else ''}.")
        entry = part.get("additionalProperties")
        if isinstance(entry, dict) and "properties" in entry:
            shared = properties.get("defaults", {}).get("properties", {})
            own = {key: field for key, field in entry["properties"].items() if key not in shared}
            if shared:
                yield f"`{path}{name}.*`", "object", "The fields of `defaults`, and:"
            yield from _fields({"properties": own}, f"{path}{name}.*.")


def _value(part: Node) -> str:
    """Return the type of a value, and its bounds."""
    if "enum" in part:
        return " · ".join(f"`{value}`" for value in part["enum"])
    kind = str(part.get("type", ""))
    if part.get("x-kubernetes-int-or-string"):
        kind = "quantity"
    elif kind == "array":
        kind = f"list of {_value(part['items'])}"
    elif "additionalProperties" in part:
        kind = f"map of {_value(part['additionalProperties'])}"
    elif part.get("x-kubernetes-preserve-unknown-fields"):
        kind = "object, not validated"
    low, high = part.get("minimum"), part.get("maximum")
    if low is not None and high is not None:
        return f"{kind}, {low} to {high}"
    if low is not None:
        return f"{kind}, {low} or more"
    return kind


def _rules(node: Node) -> Iterator[Node]:
    yield from node.get("x-kubernetes-validations", ())
    for part in node.get("properties", {}).values():
        yield from _rules(part)
        yield from _rules(part.get("items", {}))
        entry = part.get("additionalProperties")
        yield from _rules(entry if isinstance(entry, dict) else {})


def values() -> str:
    """Return the page with the values of the charts."""
    parts = [
        MADE,
        "# Chart values\n\n",
        "Generated from the comments in the `values.yaml` of each chart. "
        "The schema of the chart refuses unknown values.\n",
    ]
    for chart in CHARTS:
        text = (ROOT / "charts" / chart / "values.yaml").read_text()
        parts.append(f"\n## {chart}\n\n| value | default | description |\n|---|---|---|\n")
        for path, default, comment in _values(text):
            parts.append(f"| `{path}` | {default} | {comment} |\n")
    return "".join(parts)


def _values(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield the path, default and comment of every value, in the order of the file."""
    lines = text.splitlines()
    tree = yaml.compose(text)

    def walk(node: yaml.Node | None, path: str) -> Iterator[tuple[str, str, str]]:
        assert isinstance(node, yaml.MappingNode)
        for key, value in node.value:
            comment = _comment(lines, key.start_mark.line)
            nested = isinstance(value, yaml.MappingNode) and value.value
            deep = nested and key.value not in WHOLE and path.count(".") < 1
            yield (
                f"{path}{key.value}",
                "" if deep or path == "profiles." else _default(value),
                comment,
            )
            if deep:
                yield from walk(value, f"{path}{key.value}.")

    yield from walk(tree, "")


def _comment(lines: list[str], key: int) -> str:
    """Return the comment above the key."""
    first = key
    while first and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    words = [line.lstrip().removeprefix("#").strip() for line in lines[first:key]]
    return " ".join(words).replace("|", "\\|")


def _default(value: yaml.Node) -> str:
    if isinstance(value, yaml.MappingNode):
        return f"`{json.dumps(yaml.safe_load(yaml.serialize(value)))}`"
    text = yaml.serialize(value).removesuffix("...\n").strip()
    return f"`{text}`"


def write(folder: Path) -> None:
    """Write both pages to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "api.md").write_text(api())
    (folder / "values.md").write_text(values())


if __name__ == "__main__":
    write(Path(sys.argv[1]))
