"""One DubJob in the cluster: follow it, download it, change it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from dubjob.changes import refuse_retry, refuse_suspension
from dubjob.cluster import Object
from dubjob.dub import Dub
from dubjob.errors import (
    DubError,
    NotFoundError,
    UsageError,
)
from dubjob.following import states
from dubjob.media import (
    Removal,
    check_claim,
    remove_media,
    remove_results,
    remove_source,
    users_of,
)
from dubjob.volume import Progress, silent
from dubjob_operator import names
from dubjob_operator.planning.verbs import FAILED_STAGE
from dubstage.contract import CORRECTIONS
from dubstage.contract.summary import Output

if TYPE_CHECKING:
    from dubjob.client import Client

LEFT_OUT = ("voice-stem", "background-stem")
"""Outputs that are downloaded only if they are named: they are as large as the source."""
PAGE = "report-page"
"""Name of the output that a browser opens."""
DELETION_SECONDS = 120
"""Time for a deleted DubJob and its pods to end."""


class DubHandle:
    """One DubJob in the cluster."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self.name = name
        self.submitted: Object | None = None
        """The DubJob as it was created or checked; None if this client did neither."""

    def refresh(self) -> Dub:
        """What the DubJob is now. Raises :class:`NotFoundError`."""
        return Dub(self._client.cluster.dubjob(self.name))

    def follow(
        self, seconds: float | None = None, report: Callable[[str], None] = lambda problem: None
    ) -> Iterator[Dub]:
        """The DubJob after each change, and at least every 20 seconds, until it finishes or awaits
        a review. `report` is called if the cluster does not answer for a while.

        Raises :class:`WaitTimeoutError` after `seconds`, and :class:`NotFoundError` if it is
        deleted.
        """
        return states(self._client.cluster, self.name, seconds, report)

    def wait(self, seconds: float | None = None) -> DubHandle:
        """Wait until the dub is complete.

        Raises :class:`DubError` if it fails or awaits a review, :class:`WaitTimeoutError` after
        `seconds`.
        """
        *_, last = self.follow(seconds)
        if not last.is_complete:
            raise DubError(f"DubJob {self.name}: {last.explanation}")
        return self

    def download(
        self,
        folder: str | Path,
        only: Iterable[str] | None = None,
        progress: Progress = silent,
    ) -> list[Path]:
        """Download the outputs to `folder`, each compared with its digest: those named in `only`,
        by default all but the stems. Return the files.

        Raises :class:`DubError` if there is no dub yet or an output was changed.
        """
        dub = self.refresh()
        if not dub.outputs:
            raise DubError(f"DubJob {self.name} has no outputs yet: {dub.explanation}")
        wanted = _chosen(dub, only)
        files = []
        with self._client.volume(dub.profile_reference) as volume:
            for output in wanted:
                file = Path(folder) / PurePosixPath(output.path).name
                volume.get(
                    f"outputs/{output.path}", file, output.sha256, progress, output.size_bytes
                )
                files.append(file)
        return files

    def download_page(
        self, folder: str | Path, *, with_source: bool = True, progress: Progress = silent
    ) -> Path:
        """Download the page of the report and the files that it plays, in the layout of the data
        volume, because the page links to them. Return the page. A source that is no longer on the
        volume is left out.

        Raises :class:`DubError` if there is no page or an output was changed.
        """
        dub = self.refresh()
        outputs = {each.name: each for each in dub.outputs}
        if not outputs:
            raise DubError(f"DubJob {self.name} has no report yet: {dub.explanation}")
        if PAGE not in outputs:
            raise DubError(
                f"DubJob {self.name} has no page of the report, because an earlier version dubbed "
                f"it. Run `dub -n {dub.namespace} retry {self.name} --stage mux`."
            )
        played = "video" if "video" in outputs else "audio"
        source = f"inputs/{dub.dubjob.source_path}"
        with self._client.volume(dub.profile_reference) as volume:
            for name in (PAGE, "report", played):
                if output := outputs.get(name):
                    path = f"outputs/{output.path}"
                    file = _inside(folder, path)
                    volume.get(path, file, output.sha256, progress, output.size_bytes)
            if with_source and (size := volume.size(source)) is not None:
                volume.get(source, _inside(folder, source), None, progress, size)
        return _inside(folder, f"outputs/{outputs[PAGE].path}")

    def suspend(self, suspended: bool = True) -> None:
        """Stop the running stage and start none, or go on.

        Raises :class:`DubError` for a DubJob that has finished, or is not suspended.
        """
        refuse_suspension(self.refresh(), suspended)
        self._client.cluster.patch_dubjob(self.name, {"spec": {"suspend": suspended}})

    def retry(self, stage: str = FAILED_STAGE) -> None:
        """Run a stage and all later ones again, by default from the one that failed.

        Raises :class:`UsageError` for a stage that does not exist, and :class:`DubError` for a
        retry that would change nothing.
        """
        refuse_retry(self.refresh(), stage)
        request = f"{stage}@{time.time_ns() // 1_000_000}"
        self._annotate(names.RETRY_ANNOTATION, request)

    def approve(self) -> None:
        """Approve the result that awaits a review. Raises :class:`DubError` if none does."""
        self._annotate(names.APPROVE_ANNOTATION, self.refresh().approval)

    def correction_path(self, suffix: str) -> str:
        """Path below the inputs folder of a correction of the reviewed stage.

        Raises :class:`DubError` if the stage's result cannot be corrected by a file.
        """
        dub = self.refresh()
        stage = dub.status.stage or ""
        known = {str(each): stem for each, stem in CORRECTIONS.items()}
        if stage not in known:
            raise DubError(f"The result of {stage} cannot be corrected by a file.")
        return f"{dub.job_id}/{known[stage]}{suffix}"

    def delete(self, *, media: bool = False) -> Removal:
        """Delete the DubJob; with `media` also its folders on the data volume, and the source that
        `dub submit` uploaded, once no stage runs and as far as no other DubJob uses them. Return
        what was removed.

        Raises :class:`DubError`.
        """
        dub = self.refresh()
        if not media:
            self._client.cluster.delete_dubjob(self.name)
            return Removal(job_id=dub.job_id)
        self._refuse_shared(dub)
        namespace, source = self._client.namespace, dub.dubjob.source_path
        # What prevents the removal shows before the DubJob, which names the media, is deleted.
        with self._client.volume(dub.profile_reference) as volume:
            check_claim(volume, dub.job_id, namespace)
            self._client.cluster.delete_dubjob(self.name)
            try:
                self._wait_for_pods()
                # Again: a GitOps tool may have created it again.
                others = self._refuse_shared(dub)
                removal = remove_media(volume, dub.job_id, others)
                if PurePosixPath(source).parts[0] != dub.job_id:
                    remove_source(volume, source, namespace, others, removal)
            except DubError as error:
                error.args = (
                    f"{error} DubJob {self.name} is deleted. Of interim/{dub.job_id}, "
                    f"outputs/{dub.job_id}, inputs/{dub.job_id} and inputs/{source} on the data "
                    "volume, all or some are left.",
                )
                raise
            return removal

    def delete_leftovers(self) -> Removal:
        """Remove the results of a DubJob that no longer exists, with that name as its jobID,
        through the default profile. Return what was removed.

        Raises :class:`NotFoundError` if there are none, :class:`DubError` if they are used.
        """
        self._refuse_shared(None)
        self._wait_for_pods()
        with self._client.volume() as volume:
            if not check_claim(volume, self.name, self._client.namespace):
                raise NotFoundError(
                    f"DubJob {self.name} does not exist in the namespace "
                    f"{self._client.namespace}, and the data volume has no results of it."
                )
            return remove_results(volume, self.name)

    def delete_if_there(self) -> bool:
        """Delete the DubJob, and wait until it and its pods are gone. Return whether it existed.

        Raises :class:`DubError`.
        """
        try:
            self.refresh()
            self._client.cluster.delete_dubjob(self.name)
        except NotFoundError:
            return False
        self._wait_for_pods()
        deadline = time.monotonic() + DELETION_SECONDS
        while time.monotonic() < deadline:
            try:
                self.refresh()
            except NotFoundError:
                return True
            time.sleep(0.5)
        raise DubError(
            f"DubJob {self.name} is still being deleted. Run `kubectl -n "
            f"{self._client.namespace} describe dubjob {self.name}`."
        )

    def _refuse_shared(self, own: Dub | None) -> list[Dub]:
        """The other DubJobs. Raise :class:`DubError` if one reads or writes the folders of `own`,
        or of a DubJob that is gone."""
        job_id, uid = (own.job_id, own.uid) if own else (self.name, None)
        others = [each for each in self._client.dubs() if each.uid != uid]
        if users := users_of(job_id, others):
            raise DubError(
                f"DubJob {', '.join(users)} uses the media of {self.name}, which are kept. Delete "
                "it first, or leave out the option --media of this command."
            )
        return others

    def _wait_for_pods(self) -> None:
        deadline = time.monotonic() + DELETION_SECONDS
        while self._client.cluster.pods(self.name):
            if time.monotonic() > deadline:
                raise DubError(
                    f"A pod of {self.name} is still ending, and may still write. When `kubectl -n "
                    f"{self._client.namespace} get pods` no longer shows it, run the command again."
                )
            time.sleep(0.5)

    def _annotate(self, annotation: str, value: str) -> None:
        self._client.cluster.patch_dubjob(
            self.name, {"metadata": {"annotations": {annotation: value}}}
        )


def _inside(folder: str | Path, path: str) -> Path:
    """The file in `folder` for a path of the data volume. Raises :class:`DubError` for a path that
    leaves it."""
    if ".." in PurePosixPath(path).parts:
        raise DubError(f"{path!r} is no path of the data volume: nothing was downloaded.")
    return Path(folder) / path


def _chosen(dub: Dub, only: Iterable[str] | None) -> list[Output]:
    """The outputs to download. Raises :class:`UsageError` for a name that there is not."""
    if only is None:
        return [each for each in dub.outputs if each.name not in LEFT_OUT]
    wanted = list(only)
    known = {each.name for each in dub.outputs}
    missing = [name for name in wanted if name not in known]
    if missing:
        raise UsageError(
            f"DubJob {dub.name} has no output {', '.join(map(repr, missing))}: it has "
            f"{', '.join(sorted(known))}."
        )
    return [each for each in dub.outputs if each.name in wanted]
