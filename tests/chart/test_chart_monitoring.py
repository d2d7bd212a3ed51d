"""Dashboard and alerts ask for what the operator tells: metrics, and their labels."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import yaml
from chart_view import CHARTS, OPERATOR
from prometheus_client import Counter, Gauge, Histogram

from dubjob_operator.cluster import metrics

FILES = CHARTS / OPERATOR / "monitoring"
SCRAPED = frozenset({"job", "instance", "namespace", "pod", "container", "endpoint", "service"})
"""Labels that Prometheus adds."""
GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
OPERATORS = frozenset({"and", "or", "unless", "offset", "bool", "inf", "nan"})


@dataclass(frozen=True)
class Asked:
    """An expression, and the labels of its result that the annotations use."""

    where: str
    expression: str
    told: frozenset[str]

    def metrics(self) -> set[str]:
        """Names in the expression that are neither functions nor labels."""
        bare = re.sub(r"\{[^}]*\}|\[[^]]*\]|\"[^\"]*\"", "", GROUPING.sub("", self.expression))
        words = re.findall(r"(?<![\w.])([a-zA-Z_:][\w:]*)\b(?!\s*\()", bare)
        return set(words) - OPERATORS

    def grouped(self) -> set[str]:
        """Labels that the answer is grouped by."""
        lists = GROUPING.findall(self.expression)
        return {label.strip() for each in lists for label in each.split(",") if label.strip()}

    def matched(self) -> set[str]:
        """Labels that are compared with a value."""
        inside = re.findall(r"\{([^}]*)\}", self.expression)
        return {label for each in inside for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", each)}


def asked() -> Iterator[Asked]:
    """Everything that the two files ask Prometheus."""
    for group in yaml.safe_load((FILES / "alerts.yaml").read_text())["groups"]:
        for rule in group["rules"]:
            words = " ".join(rule["annotations"].values())
            told = frozenset(re.findall(r"\$labels\.(\w+)", words))
            yield Asked(rule["alert"], rule["expr"], told)
    for panel in json.loads((FILES / "dashboard.json").read_text())["panels"]:
        for target in panel["targets"]:
            told = frozenset(re.findall(r"\{\{\s*(\w+)\s*\}\}", target["legendFormat"]))
            yield Asked(f"{panel['title']} {target['refId']}", target["expr"], told)


def exposed() -> dict[str, set[str]]:
    """Name of each sample that Prometheus reads → its labels."""
    found: dict[str, set[str]] = {}
    for metric in vars(metrics).values():
        if not isinstance(metric, Counter | Gauge | Histogram):
            continue
        labels = metric._labelnames
        if labels:
            metric.labels(*labels)  # a sample to look at
        for family in metric.collect():
            for sample in family.samples:
                found.setdefault(sample.name, set()).update(sample.labels)
        if labels:
            metric.remove(*labels)
    for family in metrics.DubJobs(lambda: [("InProgress", "Running")]).collect():
        found.update({sample.name: set(sample.labels) for sample in family.samples})
    return found


each_question = pytest.mark.parametrize("question", list(asked()), ids=lambda each: each.where)


def test_expressions_are_read() -> None:
    question = Asked("", 'sum by (le, stage) (rate(a_bucket{b=~"c", d="e"}[5m])) > 3 or absent(f)',
                     frozenset())  # fmt: skip
    assert question.metrics() == {"a_bucket", "f"}
    assert question.grouped() == {"le", "stage"}
    assert question.matched() == {"b", "d"}
    assert {"dubjob_stage_seconds_bucket", "dubjob_stages_reused_total"} <= set(exposed())


@each_question
def test_metrics_and_labels_of_expressions_exist(question: Asked) -> None:
    samples = exposed()
    names = question.metrics()
    assert names
    assert names <= set(samples)
    for name in names:
        assert question.grouped() | question.matched() <= samples[name] | SCRAPED, name


@each_question
def test_annotations_use_labels_of_the_result(question: Asked) -> None:
    assert question.told <= question.grouped() | SCRAPED
