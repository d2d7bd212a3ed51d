"""All labels, annotations and condition types."""

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
"""Name of the DubJob. A name that is too long for a label is shortened and gets a hash."""
STAGE_LABEL = "dubjob.dev/stage"
PIPELINE_HASH_ANNOTATION = "dubjob.dev/pipeline-hash"
"""Input hash of the last stage when the Job was created. It tells which spec the report of
ingest belongs to."""
SOURCE_LANGUAGE_ANNOTATION = "dubjob.dev/source-language"
"""The source language in the request of ingest, empty if none was given. Ingest selects an audio
track by it, and the name of the Job does not depend on it."""
TIMEOUT_ANNOTATION = "dubjob.dev/timeout-seconds"
"""Timeout of the stage when the Job was created. A change of the profile does not affect Jobs that
exist."""
NODE_ANNOTATION = "dubjob.dev/node"
"""The only node on which the pods of the Job may run, if its profile sets sameNode."""
NETWORK_LABEL = "dubjob.dev/network"
"""``allowed`` or ``denied``. The network policies of the chart select pods by it."""
QUEUE_LABEL = "kueue.x-k8s.io/queue-name"
VOLCANO_QUEUE_ANNOTATION = "scheduling.volcano.sh/queue-name"
NO_INJECTION_LABELS = {
    "sidecar.istio.io/inject": "false",
    "kuma.io/sidecar-injection": "disabled",
}
NO_INJECTION_ANNOTATIONS = {
    "sidecar.istio.io/inject": "false",
    "linkerd.io/inject": "disabled",
    "kuma.io/sidecar-injection": "disabled",
    "consul.hashicorp.com/connect-inject": "false",
}
"""How service meshes are asked not to add a container to a pod. A stage offers no service, and
the proxy would outlive it."""
RETRY_ANNOTATION = "dubjob.dev/retry"
APPROVE_ANNOTATION = "dubjob.dev/approve"

STAGE_CONTAINER = "stage"
FOLDERS_CONTAINER = "folders"
"""The init container that creates the folders of the job."""
GLOSSARY_ANNOTATION = "dubjob.dev/glossary"
"""The glossary of a pod whose request would be too long for an environment variable."""

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
    """`name`, or its start and a hash if it is too long for a label."""
    if len(name) <= LABEL_LENGTH:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:10]
    return f"{name[: LABEL_LENGTH - 11].rstrip('.-')}-{digest}"


def is_shortened(label: str) -> bool:
    """Whether the label may be a shortened name."""
    return re.search(r"-[0-9a-f]{10}$", label) is not None
