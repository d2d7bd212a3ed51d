"""Why the scheduler finds no node for a pod, from its message."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dubjob_operator import reasons
from dubjob_operator.planning import messages


@dataclass(frozen=True)
class SchedulingProblem:
    """Why a pod has no node."""

    reason: str
    remedy: str = ""
    """What to do, empty if the message of the scheduler says it or waiting helps."""
    lasts: bool = False
    """Whether no node can ever run the pod, until somebody acts."""


UNSCHEDULABLE = SchedulingProblem(reasons.UNSCHEDULABLE)
CAPACITY = re.compile(
    r"insufficient|too many pods|were unschedulable"
    r"|untolerated taint\(?s?\)? \{node\.kubernetes\.io/|already in-use"
    r"|free ports|max volume count|enough free storage"
)
"""At least one node would do, and is only full or away for now."""
OF_THE_POD = (
    (
        r'persistentvolumeclaim "[^"]*" (not found|is being deleted)',
        SchedulingProblem(reasons.CLAIM_MISSING, messages.CLAIM_MISSING_REMEDY, lasts=True),
    ),
    (
        r'unbound immediate persistentvolumeclaims|storageclass[^"]*"[^"]*" not found'
        r"|bound to non-existent (persistentvolume|pv)",
        SchedulingProblem(reasons.CLAIM_UNBOUND, messages.CLAIM_UNBOUND_REMEDY, lasts=True),
    ),
    (
        r'resourceclaim[^"]*"[^"]*" not found',
        SchedulingProblem(
            reasons.RESOURCE_CLAIM_MISSING, messages.RESOURCE_CLAIM_REMEDY, lasts=True
        ),
    ),
    (r"scheduling gates", SchedulingProblem(reasons.AWAITING_ADMISSION)),
)
"""What the pod refers to is missing, on whichever node: pattern of the message, in lower case."""
OF_THE_NODES = (
    (
        r"available persistent volumes to bind",
        SchedulingProblem(reasons.CLAIM_UNBOUND, messages.CLAIM_UNBOUND_REMEDY, lasts=True),
    ),
    (
        r"volume node affinity conflict|persistentvolume's node affinity|available volume zone",
        SchedulingProblem(reasons.VOLUME_ELSEWHERE, messages.VOLUME_ELSEWHERE_REMEDY),
    ),
    (
        r"pod's node affinity|node affinity/selector|satisfy plugin\S* \S*nodeaffinity"
        r"|taints? that the pod didn't tolerate|untolerated taint",
        SchedulingProblem(reasons.NO_MATCHING_NODE, messages.NO_MATCHING_NODE_REMEDY),
    ),
)
"""No node that exists fits, and none of them is only full."""


def scheduling_problem(message: str) -> SchedulingProblem:
    """Why the pod has no node, from the `message` of the scheduler."""
    text = message.casefold()
    rows = OF_THE_POD if CAPACITY.search(text) else (*OF_THE_POD, *OF_THE_NODES)
    return next((problem for pattern, problem in rows if re.search(pattern, text)), UNSCHEDULABLE)
