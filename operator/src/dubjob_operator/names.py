"""Every label, annotation and condition type, spelled once."""

from __future__ import annotations

import hashlib
import re

GROUP = "dubjob.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
DUBJOBS = "dubjobs"
DUBPROFILES = "dubprofiles"
CLUSTERDUBPROFILES = "clusterdubprofiles"

MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
OPERATOR_NAME = "dubjob-operator"
MANAGED_BY_SELECTOR = f"{MANAGED_BY_LABEL}={OPERATOR_NAME}"
DUBJOB_LABEL = "dubjob.dev/dubjob"
"""The DubJob's name, shortened with a hash where a label cannot hold it."""
STAGE_LABEL = "dubjob.dev/stage"
PIPELINE_HASH_ANNOTATION = "dubjob.dev/pipeline-hash"
"""The last stage's input hash when the Job was made: what ingest looked ahead for."""
TIMEOUT_ANNOTATION = "dubjob.dev/timeout-seconds"
"""The stage's time limit when the Job was made: a changed profile moves none that run."""
NETWORK_LABEL = "dubjob.dev/network"
"""``allowed`` or ``denied``: what the chart's network policies select by."""
QUEUE_LABEL = "kueue.x-k8s.io/queue-name"
VOLCANO_QUEUE_ANNOTATION = "scheduling.volcano.sh/queue-name"
RETRY_ANNOTATION = "dubjob.dev/retry"
APPROVE_ANNOTATION = "dubjob.dev/approve"

STAGE_CONTAINER = "stage"

COMPLETE = "Complete"
FAILED = "Failed"
FINISHED = "Finished"
RECONCILING = "Reconciling"
STALLED = "Stalled"
SUSPENDED = "Suspended"
ACCEPTED = "Accepted"
"""The condition of a profile."""


LABEL_LENGTH = 63


def label_value(name: str) -> str:
    """`name` where a label can hold it, else its start and a hash."""
    if len(name) <= LABEL_LENGTH:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:10]
    return f"{name[: LABEL_LENGTH - 11].rstrip('.-')}-{digest}"


def is_shortened(label: str) -> bool:
    """False for a label that is surely the whole name."""
    return re.search(r"-[0-9a-f]{10}$", label) is not None
