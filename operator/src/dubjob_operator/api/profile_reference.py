"""Which profile a DubJob uses."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from pydantic import Field

from dubjob_operator.api.fields import ObjectName
from dubjob_operator.api.model import ApiModel

DEFAULT_PROFILE = "default"
"""Name of the profile of DubJobs that name none."""


class ProfileKind(str, Enum):
    """The two kinds of profiles."""

    DUB_PROFILE = "DubProfile"
    CLUSTER_DUB_PROFILE = "ClusterDubProfile"

    def __str__(self) -> str:
        return self.value


class ProfileRef(ApiModel):
    """The profile that a DubJob asks for."""

    kind: ProfileKind | None = None
    """Kind of the profile: a DubProfile of the DubJob's namespace, or a
    ClusterDubProfile. Defaults to DubProfile."""
    name: ObjectName
    """Name of the profile."""


class UsedProfile(ApiModel):
    """The profile that a DubJob uses."""

    kind: Annotated[str, Field(max_length=63)]
    """Kind of the profile: DubProfile or ClusterDubProfile."""
    name: Annotated[str, Field(max_length=253)]
    """Name of the profile."""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    def key(self, namespace: str) -> tuple[str, str]:
        """Namespace and name of the profile for a DubJob of `namespace`. A
        ClusterDubProfile has no namespace."""
        return (namespace if self.kind == ProfileKind.DUB_PROFILE else "", self.name)


def profile_identity(reference: ProfileRef | None) -> str:
    """What input hashes know of the profile: what the DubJob asks for, not what it got.
    A `default` that is created later makes no finished work undone."""
    first, *others = candidates(reference)
    return first.name if others else str(first)


def candidates(reference: ProfileRef | None) -> tuple[UsedProfile, ...]:
    """The profiles that `reference` may mean, best first. Without a reference: the
    namespace's own default, else the cluster's."""
    if reference is None:
        return tuple(UsedProfile(kind=str(kind), name=DEFAULT_PROFILE) for kind in ProfileKind)
    kind = reference.kind or ProfileKind.DUB_PROFILE
    return (UsedProfile(kind=str(kind), name=reference.name),)
