"""Every reason that a condition, a stage or an Event can have.

docs/troubleshooting.md has a row for each. The kubelet's own reasons, for example
``ImagePullBackOff``, are shown as they are; :mod:`planning.start_faults` lists those
which need somebody to act.
"""

# Conditions of a DubJob.
COMPLETED = "Completed"
SUSPENDED = "Suspended"
AWAITING_REVIEW = "AwaitingReview"
SPEC_INVALID = "SpecInvalid"
STATUS_UNREADABLE = "StatusUnreadable"

# The condition Accepted of a profile.
ACCEPTED = "Accepted"
IMAGE_NOT_SET = "ImageNotSet"
ENGINE_NOT_SET = "EngineNotSet"
ENGINE_UNKNOWN = "EngineUnknown"
AFFINITY_INVALID = "AffinityInvalid"

# A stage's Job cannot be created.
PROFILE_NOT_FOUND = "ProfileNotFound"
PROFILE_FORBIDDEN = "ProfileForbidden"
PROFILE_INVALID = "ProfileInvalid"
PRIORITY_FORBIDDEN = "PriorityClassForbidden"
QUEUE_FORBIDDEN = "QueueForbidden"
OLD_POD = "OldPodLeft"
JOB_NOT_CREATED = "JobNotCreated"
NAMESPACE_TERMINATING = "NamespaceTerminating"

# A stage waits.
QUOTA_EXCEEDED = "QuotaExceeded"
AWAITING_ADMISSION = "AwaitingAdmission"
UNSCHEDULABLE = "Unschedulable"
POD_REFUSED = "PodRefused"
POD_NOT_CREATED = "PodNotCreated"
NO_POD = "NoPod"
STARTING = "Starting"
NO_SCHEDULER = "NoScheduler"
NO_MATCHING_NODE = "NoMatchingNode"
VOLUME_ELSEWHERE = "VolumeOnOtherNode"
CLAIM_MISSING = "ClaimNotFound"
CLAIM_UNBOUND = "ClaimNotBound"
RESOURCE_CLAIM_MISSING = "ResourceClaimNotFound"
MANAGED_ELSEWHERE = "ManagedElsewhere"
NO_SANDBOX = "PodNotReadyToStart"

# A stage failed, or will be retried.
STAGE_FAILED = "StageFailed"
OUT_OF_MEMORY = "OOMKilled"
DISRUPTED = "Disrupted"
POD_FAILED = "PodFailed"
FOLDERS_NOT_CREATED = "FoldersNotCreated"
EXIT_CODE = "ExitCode"
SCRATCH_FULL = "ScratchFull"
POD_REJECTED = "PodRejected"
START_ERROR = "StartError"
NODE_LOST = "NodeLost"
SIDECAR_LEFT = "SidecarLeft"
BACKOFF_LIMIT_EXCEEDED = "BackoffLimitExceeded"

# A limit was reached.
START_DEADLINE_EXCEEDED = "StartDeadlineExceeded"
QUEUE_DEADLINE_EXCEEDED = "QueueDeadlineExceeded"
ACTIVE_DEADLINE_EXCEEDED = "DeadlineExceeded"
STAGE_TIMEOUT = "StageTimeout"
TOO_MANY_DISRUPTIONS = "TooManyDisruptions"

# Events only.
STAGE_QUEUED = "StageQueued"
STAGE_STARTED = "StageStarted"
STAGE_PULLING = "StagePulling"
STAGE_RETRYING = "StageRetrying"
STAGE_SUCCEEDED = "StageSucceeded"
STAGE_REUSED = "StageReused"
RETRY = "Retry"
RETRY_REFUSED = "RetryRefused"
APPROVED = "Approved"

EVENTS = frozenset(
    {
        STAGE_QUEUED,
        STAGE_STARTED,
        STAGE_PULLING,
        STAGE_RETRYING,
        STAGE_SUCCEEDED,
        STAGE_REUSED,
        RETRY,
        RETRY_REFUSED,
        APPROVED,
    }
)
"""Reasons that only Events have; their message carries the cause."""
