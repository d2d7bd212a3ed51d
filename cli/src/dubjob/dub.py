"""A DubJob as a user of the package sees it: what it does now, and what came out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from dubjob.errors import DubError, ExitStatus
from dubjob_operator import names, reasons
from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.status import DubJobStatus, StageStatus
from dubjob_operator.planning.verbs import approval_token
from dubstage.contract.summary import Output

TO_APPROVE = "To approve it, run: kubectl "
"""How the operator begins the command that approves a result."""


NO_MESSAGE = "The operator has not written a message yet."


@dataclass(frozen=True)
class Dub:
    """One DubJob at one moment.

    Raises :class:`DubError` where the object was written for another version of the API.
    """

    raw: Mapping[str, Any]

    @cached_property
    def dubjob(self) -> DubJob:
        """The DubJob in the operator's own model."""
        try:
            return DubJob.model_validate(dict(self.raw))
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            raise DubError(
                f"DubJob {self.name} has a field of another version: {field}: {first['msg']}."
            ) from error

    @property
    def name(self) -> str:
        """Name of the DubJob."""
        return str(self.raw["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """Namespace of the DubJob."""
        return str(self.raw["metadata"]["namespace"])

    @property
    def version(self) -> str:
        """The resourceVersion, another one after each change."""
        return str(self.raw["metadata"].get("resourceVersion", ""))

    @property
    def created(self) -> str:
        """Time of creation, RFC 3339."""
        return str(self.raw["metadata"].get("creationTimestamp", ""))

    @property
    def profile_reference(self) -> dict[str, str] | None:
        """The profile that it uses, or that it asks for before the operator has selected one, as
        kind and name. None: the default one."""
        if self.dubjob.status.profile_ref is None and self.dubjob.spec.profile_ref is None:
            return None
        used = self.dubjob.profile
        return {"kind": used.kind, "name": used.name}

    @property
    def uid(self) -> str:
        """Identifies the DubJob also among those that had the same name."""
        return self.dubjob.metadata.uid

    @property
    def job_id(self) -> str:
        """Name of its folders on the data volume."""
        return self.dubjob.job_id

    @property
    def status(self) -> DubJobStatus:
        """The status that the operator has written."""
        return self.dubjob.status

    @property
    def state(self) -> str:
        """State in one word: the reason of the condition Finished."""
        finished = self.status.condition(names.FINISHED)
        return finished.reason if finished else "New"

    @property
    def message(self) -> str:
        """State in a sentence."""
        finished = self.status.condition(names.FINISHED)
        return finished.message if finished else self.unreconciled or NO_MESSAGE

    @property
    def explanation(self) -> str:
        """The message, without a command of kubectl in whose place there is one of `dub`."""
        return without_approval(self.message)

    @property
    def is_current(self) -> bool:
        """Whether the status is about the latest spec and the latest retry."""
        retry = self.dubjob.metadata.annotations.get(names.RETRY_ANNOTATION)
        handled = retry is None or retry == self.status.last_handled_retry
        return handled and self.status.observed_generation >= self.dubjob.metadata.generation

    @property
    def unreconciled(self) -> str | None:
        """What the operator has not reconciled yet, and what to do if it takes long. None if the
        status is about the latest spec and the latest retry."""
        if self.is_current:
            return None
        what = "it" if self.status.is_new else "the last change"
        return (
            f"The operator has not reconciled {what} yet. If this takes more than a few seconds, "
            f"run `dub -n {self.namespace} check`."
        )

    @property
    def is_finished(self) -> bool:
        """Whether it is complete or failed."""
        return self.is_current and self._is_true(names.FINISHED)

    @property
    def is_complete(self) -> bool:
        """Whether the dub is there."""
        return self.is_current and self._is_true(names.COMPLETE)

    @property
    def awaits_review(self) -> bool:
        """Whether it waits for an approval."""
        return self.is_current and self.state == reasons.AWAITING_REVIEW

    @property
    def exit_status(self) -> ExitStatus:
        """Exit code of a command that waited for this DubJob."""
        if self.is_complete:
            return ExitStatus.COMPLETE
        if self.awaits_review:
            return ExitStatus.AWAITS_REVIEW
        return ExitStatus.FAILED if self.is_finished else ExitStatus.TIMEOUT

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Files of the finished dub."""
        return tuple(self.status.outputs or ())

    @property
    def stages(self) -> tuple[StageStatus, ...]:
        """The stages in their order."""
        return tuple(self.status.stages)

    @property
    def approval(self) -> str:
        """The token that approves what waits for a review.

        Raises :class:`DubError` if nothing does.
        """
        stage = self.status.of(self.status.stage or "")
        if not self.awaits_review or stage is None:
            raise DubError(f"DubJob {self.name} awaits no review: {self.message}")
        return approval_token(self.dubjob, stage.name, stage.run)

    def _is_true(self, condition: str) -> bool:
        found = self.status.condition(condition)
        return found is not None and found.status == "True"


def without_approval(message: str) -> str:
    """A message without the command of kubectl that approves a result."""
    return message.partition(f" {TO_APPROVE}")[0]
