"""All messages that the operator writes to a status or an Event.

They are in this module and in :mod:`dubjob_operator.planning.failure_messages`, so that they can be
read together.
A message names the object, what happened and what to do. It is a complete sentence; only where it
ends with a command, nothing follows the command, so that it can be pasted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dubstage.contract import glossary
from dubstage.contract.visible import visible

# All stages.
COMPLETED = "All stages have succeeded."
SUSPENDED = "spec.suspend is true; finished stages keep their results."

# Conditions other than Finished: short, and true whatever happens next.
INCOMPLETE = "The dub is incomplete."
SPEC_INVALID = "The spec is invalid."
STATUS_UNREADABLE = "The status was written by another version of the operator."
IS_SUSPENDED = "The field spec.suspend is true."

# A stage that waits or starts.
NO_POD = (
    "The Job has no pod, and no Event says why. If this persists, check that the "
    "kube-controller-manager of the cluster is running."
)
STARTING = "The pod is starting."

# What to do if the scheduler finds no node. Its own message stands before it.
CLAIM_MISSING_REMEDY = "Create the claim, or correct the claim names in the profile."
CLAIM_UNBOUND_REMEDY = (
    "A claim has no volume: set a StorageClass in the claim, mark one StorageClass as the default, "
    "or create a volume for it."
)
RESOURCE_CLAIM_REMEDY = "Create the ResourceClaim, or correct resourceClaims in the profile."
VOLUME_ELSEWHERE_REMEDY = (
    "A volume can be used only on other nodes: use a volume that all nodes reach, or select the "
    "nodes of the volume in the profile."
)
NO_MATCHING_NODE_REMEDY = (
    "No node has the labels and taints that the profile selects: correct nodeSelector, affinity or "
    "tolerations of the stage, or add such a node."
)


def sentence(text: str) -> str:
    """Return `text`, which others wrote, with a full stop at its end and without characters that
    a terminal would act on; empty stays empty."""
    text = visible(text.strip())
    return text if not text or text.endswith((".", "…", "!", "?")) else f"{text}."


def in_state(stage: str, state: str, detail: str | None = None) -> str:
    """The stage is in `state`; `detail` is the message of its entry."""
    clause = {
        "Pending": "is about to start",
        "Queued": "waits for capacity",
        "Pulling": "is starting",
        "Running": "is running",
        "Retrying": "is retried",
        "AwaitingReview": "awaits review",
        "Failed": "failed",
    }.get(state, f"is {state}")
    return f"The {stage} stage {clause}: {detail}" if detail else f"The {stage} stage {clause}."


def status_unreadable(problem: str) -> str:
    """This operator cannot read the status of the DubJob."""
    return (
        f"{STATUS_UNREADABLE} This version cannot read it: {sentence(problem)} Install the version "
        "that wrote it. To start over instead, delete the DubJob and create it again."
    )


def cannot_start(stage: str) -> str:
    """The stage cannot start until a user acts."""
    return f"The {stage} stage cannot start."


def awaits_cause(stage: str, reason: str) -> str:
    """The stage cannot start because of `reason`, and there is time to correct that."""
    return (
        f"The {stage} stage waits until {reason} is resolved, or until its start deadline passes."
    )


def awaiting_admission(queue: str, position: int | None, reason: str, answer: str) -> str:
    """A queue holds the Job. `position`: in the queue, from 1; `reason` and `answer`: what the
    queue reports, empty if nothing."""
    place = ""
    if position is not None:
        # Behind the tenth, only the tens: not each of a thousand queued DubJobs is written when
        # the first one starts.
        passed = (position - 1) // 10 * 10
        place = f" behind position {passed}" if passed else f" at position {position}"
    by = f"queue {queue}" if queue else "its queue"
    detail = f" ({reason}): {sentence(answer)}" if reason and answer else "."
    return f"The Job waits for admission by {by}{place}{detail}"


def no_scheduler(stage: str) -> str:
    """No scheduler has looked at the pod."""
    return (
        "No scheduler has reported anything about the pod. Check that the scheduler of the cluster "
        f"is running, or correct spec.stages.{stage}.schedulerName of the profile."
    )


def node_gone(node: str) -> str:
    """The node of the previous stages does not exist."""
    return (
        f"The profile sets sameNode, and node {node}, on which the previous stages ran, does not "
        "exist or cannot run this stage. After five minutes the stage may run on another node."
    )


def managed_elsewhere(manager: str) -> str:
    """Another controller than that of this cluster runs the Job."""
    return (
        f"The Job is managed by {manager} (spec.managedBy), for example in another cluster, where "
        "its result cannot be read. Choose a queue without MultiKueue."
    )


def pod_not_ready(namespace: str, pod: str, node: str, config_map: str | None = None) -> str:
    """The kubelet cannot set up volumes or network. `config_map`: that of spec.glossaryRef."""
    needed = ""
    if config_map:
        needed = (
            f" The pod needs ConfigMap {config_map} (spec.glossaryRef) with the key "
            f"{glossary.SHARED_GLOSSARY_KEY}: create it if it is missing; the pod then starts."
        )
    return (
        f"The volumes or the network of pod {pod} on node {node} are not ready.{needed} For the "
        f"cause, run: kubectl -n {namespace} describe pod {pod}"
    )


def old_pod_left(namespace: str, pod: str, node: str) -> str:
    """A pod of an earlier run may still write."""
    return (
        f"Pod {pod} of an earlier run still exists on node {node or '?'}, and two pods must not "
        "write to one folder. If the node is permanently gone, run: "
        f"kubectl -n {namespace} delete pod {pod} --force"
    )


# A profile. `profile` is its kind and name.
ACCEPTED = "DubJobs can use the profile."


def profile_not_found(places: Iterable[str]) -> str:
    """There is no profile at the places where it was looked for."""
    return (
        f"There is {' and '.join(places)}. Create one, or set spec.profileRef to another profile."
    )


def profile_forbidden(profile: str, namespace: str) -> str:
    """The profile is for other namespaces."""
    return (
        f"{profile} does not allow namespace {namespace}. Set spec.profileRef to another profile, "
        "or add the namespace to allowedNamespaces of the profile."
    )


def choice_forbidden(field: str, value: str, profile: str, choices: Sequence[str]) -> str:
    """The DubJob chooses what the profile does not allow."""
    return (
        f"spec.{field} is {value}, but {profile} allows {', '.join(choices) or 'none'}. Choose an "
        "allowed value, or omit the field."
    )


def image_missing(place: str) -> str:
    """A stage has no image after the defaults are merged."""
    return f"{place} has no image. Set {place}.image or spec.defaults.image."


def engine_missing(place: str, engines: Sequence[str]) -> str:
    """A stage has no engine."""
    return f"{place} has no engine. Set {place}.engine to one of: {', '.join(engines)}."


def engine_unknown(place: str, engine: str, engines: Sequence[str]) -> str:
    """A stage names an engine that it does not have."""
    return f"{place}.engine is {engine}. Set it to one of: {', '.join(engines)}."


# A Job that the API server refuses.
def quota_exceeded(answer: str) -> str:
    """The namespace's quota has no room for the Job."""
    return f"The Job of the stage cannot be created yet: {sentence(answer)}"


def job_refused(profile: str, answer: str) -> str:
    """The API server refuses the Job as it is."""
    return (
        f"The API server refused the Job of the stage: {sentence(answer)} Correct {profile}, or "
        "the policies of the namespace."
    )


def job_not_created(answer: str) -> str:
    """The Job could not be created, and the operator tries again."""
    return (
        "The Job of the stage could not be created, and the operator tries again: "
        f"{sentence(answer)}"
    )


def namespace_terminating(answer: str) -> str:
    """The namespace is being deleted."""
    return f"The namespace is being deleted, so no stage can start: {sentence(answer)}"


# A limit that was reached. `detail` is the message of the stage until then.
def start_deadline_exceeded(
    stage: str, seconds: int, origin: str, reason: str | None, detail: str
) -> str:
    """The stage could not start in time."""
    return f"The {stage} stage could not start within {seconds} s, {origin} ({reason}): {detail}"


def queue_deadline_exceeded(stage: str, seconds: int, origin: str, detail: str) -> str:
    """The stage waited too long for capacity."""
    return f"The {stage} stage waited for {seconds} s, {origin}: {detail}"


def active_deadline_exceeded(stage: str, seconds: int, origin: str, *, is_running: bool) -> str:
    """The stages ran too long, in total."""
    state = "was running" if is_running else "does not start"
    return f"The stages ran for more than {seconds} s in total, {origin}; {stage} {state}."


def stage_timeout(stage: str, seconds: float) -> str:
    """One attempt of the stage ran too long."""
    return (
        f"The {stage} stage ran for more than {seconds:.0f} s, its timeoutSeconds in the profile."
    )


def too_many_disruptions(stage: str, count: int, profile: str, allowed: int) -> str:
    """The cluster ended more pods of the stage than the profile allows."""
    times = "once" if count == 1 else f"{count} times"
    return (
        f"Pods of the {stage} stage were preempted, evicted or drained {times}; {profile} allows "
        f"{allowed} (maxDisruptions)."
    )


def too_many_rejections(stage: str, count: int, profile: str, allowed: int, detail: str) -> str:
    """More pods of the stage failed before they started than the profile allows."""
    times = "once" if count == 1 else f"{count} times"
    return (
        f"Pods of the {stage} stage failed {times} before they started; {profile} allows {allowed} "
        f"(maxDisruptions). {detail}"
    ).strip()


# What a user requests.
def doubts(doubtful: int, left_out: int) -> str:
    """Why the transcript waits for a review."""
    found = [f"{doubtful} doubtful"] if doubtful else []
    counts = ", ".join([*found, *([f"{left_out} left out"] if left_out else [])])
    return f"The recognizer may have invented segments ({counts}), and spec.onDoubt is Review."


def await_review(file: str, corrections: str | None, command: str) -> str:
    """A stage's result waits for a review. `corrections`: path without a suffix."""
    optional = (
        f" To correct it, write {corrections}.json, .srt, .vtt or .ass." if corrections else ""
    )
    return f"Review {file}.{optional} To approve it, run: {command}"


def retry_requested(value: str) -> str:
    """A retry is carried out."""
    return f"Retry {value} was requested."


def retry_refused(annotation: str, value: str, stages: str) -> str:
    """The value of the retry annotation is malformed."""
    return (
        f"The annotation {annotation} is {value[:100]!r}, expected <stage>@<a new value>, with one "
        f"of the stages {stages}."
    )


def approved(value: str) -> str:
    """A review gate is opened."""
    return f"The review of {value} is finished; corrections are imported."
