"""The messages about a stage that failed, or whose attempt failed."""

from __future__ import annotations

from collections.abc import Sequence

from dubjob_operator.planning.messages import sentence

DETAIL_LENGTH = 600
"""Characters that are quoted of what a runtime or the kubelet reports."""


def out_of_memory(stage: str, limit: str, profile: str) -> str:
    """The container exceeded its memory limit."""
    at_limit = f" at its limit of {limit}" if limit else ""
    return (
        f"The {stage} stage ran out of memory{at_limit}: raise "
        f"spec.stages.{stage}.resources.limits.memory of {profile}."
    )


def disrupted(pod: str, detail: str = "") -> str:
    """The cluster ended the pod. `detail`: as the kubelet explains it, if it does."""
    return with_cause(f"Pod {pod} was preempted, evicted or drained", detail)


def pod_failed(pod: str, stage: str, detail: str = "") -> str:
    """The pod failed, and its container never ran."""
    text = f"Pod {pod} of the {stage} stage failed before its container started"
    return with_cause(text, detail)


def pod_rejected(pod: str, node: str, reason: str, detail: str) -> str:
    """The kubelet did not admit the pod."""
    return with_cause(f"Node {node or '?'} rejected pod {pod} ({reason})", detail)


def start_error(stage: str, pod: str, node: str, detail: str) -> str:
    """The container runtime could not start the container."""
    container = f"The container of the {stage} stage, pod {pod},"
    return with_cause(f"{container} could not be started on node {node or '?'}", detail)


def scratch_full(stage: str, detail: str, profile: str, *, is_scratch: bool) -> str:
    """The pod was evicted because it exceeded a limit for local storage."""
    limit = f"spec.stages.{stage}.resources.limits.ephemeral-storage"
    field = "spec.scratchSizeLimit" if is_scratch else limit
    cause = f"The {stage} stage needs more scratch space: {sentence(detail)}"
    return f"{cause} Raise {field} of {profile}."


def node_lost(namespace: str, pod: str, node: str) -> str:
    """A pod is being deleted, and its node does not confirm it."""
    return (
        f"Node {node or '?'} does not respond, so pod {pod} cannot be deleted, and two pods must "
        "not write to one folder. If the node is permanently gone, run: "
        f"kubectl -n {namespace} delete pod {pod} --force"
    )


def sidecar_left(containers: Sequence[str], pod: str, message: str) -> str:
    """The stage ended with `message`, and other containers of its pod did not end."""
    several = len(containers) != 1
    still_ran = f"{'Containers' if several else 'Container'} {', '.join(containers) or '?'}"
    return (
        f"{message} {still_ran} of pod {pod} did not end with the stage, so its Job is deleted. "
        "Turn off the injection of sidecars for the pods of the profile."
    ).strip()


def with_cause(text: str, detail: str) -> str:
    """Return the sentence `text`, with `detail`, which others wrote, if there is any."""
    return f"{text}: {sentence(detail[:DETAIL_LENGTH])}" if detail.strip() else f"{text}."


FULL = ("No space left on device", "Disk quota exceeded")
"""What `mkdir` reports for a full volume. The images have no other language."""


def folders_not_created(answer: str) -> str:
    """The init container failed with `answer`, the last line of its log."""
    remedy = (
        "Free some space on it."
        if any(cause in answer for cause in FULL)
        else "The user, group or fsGroup of the profile must have access to its interim and "
        "outputs folders."
    )
    return (
        f"The folders of the job cannot be created on the data volume: {sentence(answer)} {remedy}"
    )


def exit_code(stage: str, code: int, pod: str, detail: str = "") -> str:
    """The container exited without a result. `detail`: what Kubernetes reports, if anything."""
    log = f"see the log of pod {pod}"
    cause = f"{sentence(detail[:DETAIL_LENGTH])} For more, {log}." if detail.strip() else f"{log}."
    return f"The {stage} stage exited with code {code} and no result: {cause}"


def pods_gone(stage: str, job_message: str) -> str:
    """The Job failed, and no pod is left that could say why."""
    detail = sentence(job_message) if job_message else "its Job gives no reason."
    return f"The {stage} stage failed, and its pods are gone: {detail}"


def after_attempts(attempts: int, message: str) -> str:
    """The last of several attempts failed with `message`."""
    return f"After {attempts} attempts: {message}"
