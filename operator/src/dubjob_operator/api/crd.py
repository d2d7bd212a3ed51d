"""CustomResourceDefinitions out of the models: structural schemas, nothing by hand.

python3 -m dubjob_operator.api.crd FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from dubjob_operator import names
from dubjob_operator.api.dubjob import DubJobSpec
from dubjob_operator.api.profile import ClusterDubProfileSpec, DubProfileSpec, DubProfileStatus
from dubjob_operator.api.status import DubJobStatus

JOB_ID_IS_IMMUTABLE = {
    "rule": "has(self.jobID) == has(oldSelf.jobID) && (!has(self.jobID) || "
    "self.jobID == oldSelf.jobID)",
    "message": "jobID cannot be changed: it names folders that hold work; delete the DubJob and "
    "create another",
}
SPEAKERS_ARE_A_RANGE = {
    "rule": "!has(self.speakers) || !has(self.speakers.max) || !has(self.speakers.min) || "
    "self.speakers.min <= self.speakers.max",
    "message": "speakers.min must not be above speakers.max",
}
LANGUAGES_DIFFER = {
    # Two regions of one language differ; es and es-MX do not.
    "rule": "!has(self.sourceLanguage) || "
    "[self.sourceLanguage.lowerAscii()].all(source, [self.targetLanguage.lowerAscii()].all("
    "target, source != target && "
    "!(!source.contains('-') && target.startsWith(source + '-')) && "
    "!(!target.contains('-') && source.startsWith(target + '-'))))",
    "message": "targetLanguage must be another language than sourceLanguage",
}
SOURCE_IS_FIXED_WHILE_RUNNING = {
    "rule": "(has(self.spec.source) == has(oldSelf.spec.source) && (!has(self.spec.source) || "
    "self.spec.source == oldSelf.spec.source)) || !has(oldSelf.status) || "
    "!has(oldSelf.status.conditions) || oldSelf.status.conditions.exists(condition, "
    "condition.type in ['Finished', 'Suspended'] && condition.status == 'True')",
    "message": "source cannot be changed while the DubJob runs: set spec.suspend first, or wait "
    "until it has finished",
}
NAME_IS_A_JOB_ID = {
    "rule": "has(self.spec.jobID) || size(self.metadata.name) <= 63",
    "message": "the name is longer than 63 characters: set spec.jobID",
}


def dubjob_crd() -> dict[str, Any]:
    """The CustomResourceDefinition of DubJob."""
    spec = schema(DubJobSpec)
    spec["x-kubernetes-validations"] = [
        JOB_ID_IS_IMMUTABLE,
        SPEAKERS_ARE_A_RANGE,
        LANGUAGES_DIFFER,
    ]
    status = schema(DubJobStatus)
    # A DubJob that nobody has looked at yet reads as in progress, not as current.
    status["default"] = {"observedGeneration": -1}
    status["properties"]["outputs"] |= {
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
    }
    finished = ".status.conditions[?(@.type=='Finished')]"
    return _definition(
        kind="DubJob",
        plural=names.DUBJOBS,
        short="dj",
        scope="Namespaced",
        description="DubJob dubs one video into one language.",
        properties={"spec": spec, "status": status},
        rules=[NAME_IS_A_JOB_ID, SOURCE_IS_FIXED_WHILE_RUNNING],
        columns=[
            _column("State", f"{finished}.reason"),
            _column("Stage", ".status.stage"),
            _column("Progress", ".status.display.progress"),
            _column("Remaining", ".status.display.remaining"),
            _column("Duration", ".status.display.duration"),
            _column("Source", ".status.sourceLanguage"),
            _column("Target", ".spec.targetLanguage"),
            _column("Profile", ".status.profileRef.name", priority=1),
            _column("Pod", ".status.stages[?(@.state=='Running')].podName", priority=1),
            _column("Message", f"{finished}.message", priority=1),
            _column("Age", ".metadata.creationTimestamp", kind="date"),
        ],
    )


def dubprofile_crd() -> dict[str, Any]:
    """The CustomResourceDefinition of DubProfile."""
    return _profile_crd(
        kind="DubProfile",
        plural=names.DUBPROFILES,
        short="dp",
        scope="Namespaced",
        description="DubProfile sets engines, images and resources for the dubs of its namespace.",
        spec=DubProfileSpec,
    )


def clusterdubprofile_crd() -> dict[str, Any]:
    """The CustomResourceDefinition of ClusterDubProfile."""
    return _profile_crd(
        kind="ClusterDubProfile",
        plural=names.CLUSTERDUBPROFILES,
        short="cdp",
        scope="Cluster",
        description="ClusterDubProfile sets engines, images and resources for dubs of several "
        "namespaces. Claims, Secrets and ConfigMaps are those of the DubJob's namespace.",
        spec=ClusterDubProfileSpec,
    )


def _profile_crd(*, spec: type[DubProfileSpec], **definition: str) -> dict[str, Any]:
    accepted = ".status.conditions[?(@.type=='Accepted')]"
    stages = ".spec.stages"
    return _definition(
        **definition,
        properties={"spec": schema(spec), "status": schema(DubProfileStatus)},
        rules=[],
        columns=[
            _column("Accepted", f"{accepted}.status"),
            _column("Transcribe", f"{stages}.transcribe.engine"),
            _column("Translate", f"{stages}.translate.engine"),
            _column("Synthesize", f"{stages}.synthesize.engine"),
            _column("Message", f"{accepted}.message", priority=1),
            _column("Age", ".metadata.creationTimestamp", kind="date"),
        ],
    )


def schema(model: type[BaseModel]) -> dict[str, Any]:
    """The model as a structural schema: no references, titles, nulls or defaults."""
    whole = model.model_json_schema(by_alias=True)
    structural: dict[str, Any] = _structural(whole, whole.get("$defs", {}))
    return structural


def _structural(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_structural(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    node = _resolved(node, definitions)
    dropped = {"title", "default", "$defs"}
    if node.get("x-kubernetes-preserve-unknown-fields"):
        dropped |= {"additionalProperties"}
    found: dict[str, Any] = {}
    for key, value in node.items():
        if key in dropped or value is None:
            continue
        if key == "properties":
            found[key] = {name: _structural(part, definitions) for name, part in value.items()}
        elif key == "additionalProperties" and value is True:
            found["x-kubernetes-preserve-unknown-fields"] = True
        elif key == "description":
            found[key] = " ".join(value.split())
        elif key == "anyOf":
            # Left by _resolved in a quantity alone; Kubernetes wants it exactly so.
            found[key] = [dict(choice) for choice in value]
        else:
            found[key] = _structural(value, definitions)
    return _with_types(found)


def _with_types(node: dict[str, Any]) -> dict[str, Any]:
    """The node with the type of its integer or list, where the model names none."""
    match node.get("type"):
        case "integer":
            return {"format": "int32", **node}
        case "array":
            return {"x-kubernetes-list-type": "atomic", **node}
    return node


def _resolved(node: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """The node without a reference, and without pydantic's "or null": an optional
    field is one that may be absent."""
    if "$ref" in node:
        target = definitions[node["$ref"].rpartition("/")[2]]
        node = target | {key: value for key, value in node.items() if key != "$ref"}
    if "anyOf" in node and not node.get("x-kubernetes-int-or-string"):
        (real,) = [choice for choice in node["anyOf"] if choice.get("type") != "null"]
        rest = {key: value for key, value in node.items() if key != "anyOf"}
        node = _resolved({**real, **rest}, definitions)
    return node


def _definition(
    *,
    kind: str,
    plural: str,
    short: str,
    scope: str,
    description: str,
    properties: dict[str, Any],
    rules: list[dict[str, str]],
    columns: list[dict[str, Any]],
) -> dict[str, Any]:
    root: dict[str, Any] = {
        "type": "object",
        "description": description,
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            **properties,
        },
    }
    if rules:
        root["x-kubernetes-validations"] = rules
    version: dict[str, Any] = {
        "name": names.VERSION,
        "served": True,
        "storage": True,
        "additionalPrinterColumns": columns,
        "schema": {"openAPIV3Schema": root},
    }
    if "status" in properties:
        version["subresources"] = {"status": {}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{names.GROUP}"},
        "spec": {
            "group": names.GROUP,
            "scope": scope,
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": plural,
                "singular": kind.lower(),
                "shortNames": [short],
                "categories": ["dubbing"],
            },
            "versions": [version],
        },
    }


def _column(name: str, path: str, kind: str = "string", priority: int = 0) -> dict[str, Any]:
    column: dict[str, Any] = {"name": name, "type": kind, "jsonPath": path}
    return column | ({"priority": priority} if priority else {})


def write(folder: Path) -> None:
    """Write the definitions into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for definition in (dubjob_crd(), dubprofile_crd(), clusterdubprofile_crd()):
        file = folder / f"{definition['spec']['names']['plural']}.yaml"
        text = yaml.safe_dump(definition, sort_keys=False, allow_unicode=True, width=100)
        file.write_text(f"# Generated from the API models: make crds\n{text}")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
