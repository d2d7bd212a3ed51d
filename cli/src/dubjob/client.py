"""Dub videos from Python: ``Client().submit("talk.mp4", to="es").wait().download("out/")``."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from dubjob.cluster import Cluster, Object
from dubjob.dub import Dub
from dubjob.errors import DubError, NotFoundError, UnreachableError, UsageError, WaitTimeoutError
from dubjob_operator import names
from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.profile import DubProfile
from dubjob_operator.api.profile_reference import candidates
from dubstage.contract import CORRECTIONS, Stage

LEFT_OUT = ("voice-stem", "background-stem")
"""Outputs that are downloaded only if they are named: they are as large as the source."""
WATCH_SECONDS = 20
PATIENCE_SECONDS = 60
"""A cluster that does not answer is asked for this time while a DubJob is followed."""
Progress = Callable[[str, int, int], None]
"""Called with the name of a file, its bytes that are done, and all of its bytes."""


def _silent(name: str, done: int, size: int) -> None:
    """Report no progress."""


class Client:
    """Submits dubs to the cluster and the namespace of a kubeconfig.

    Raises :class:`DubError` if there is no usable kubeconfig.
    """

    def __init__(
        self,
        namespace: str | None = None,
        *,
        context: str | None = None,
        kubeconfig: str | None = None,
    ) -> None:
        self.cluster = Cluster(namespace, context, kubeconfig)

    @property
    def namespace(self) -> str:
        """Namespace of the DubJobs."""
        return self.cluster.namespace

    def submit(
        self,
        file: str | Path,
        *,
        to: str,
        source_language: str | None = None,
        profile: str | None = None,
        name: str | None = None,
        spec: Mapping[str, Any] | None = None,
        progress: Progress = _silent,
    ) -> DubHandle:
        """Upload `file` and create the DubJob that dubs it into the language `to`.

        `spec` has further fields of the DubJob. The name defaults to the file's and the language.

        Raises :class:`DubError`; nothing is uploaded for a DubJob that the server refuses.
        """
        (handle,) = self.submit_all(
            file, to=[to], source_language=source_language, profile=profile, name=name, spec=spec,
            progress=progress,
        )  # fmt: skip
        return handle

    def submit_all(
        self,
        file: str | Path,
        *,
        to: Iterable[str],
        source_language: str | None = None,
        profile: str | None = None,
        name: str | None = None,
        spec: Mapping[str, Any] | None = None,
        dry_run: bool = False,
        progress: Progress = _silent,
    ) -> list[DubHandle]:
        """Upload `file` once and create a DubJob for each language; see :meth:`submit`. With
        `dry_run` the server checks the DubJobs, and nothing is stored."""
        file = Path(file)
        if not file.is_file():
            raise NotFoundError(f"{file} is not a file.")
        stem = name or name_of(file)
        languages = list(to)
        source = f"{stem}/source{file.suffix.lower()}"
        given = dict(spec or {})
        if source_language:
            given["sourceLanguage"] = source_language
        if profile:
            given["profileRef"] = self._profile_ref(profile)
        bodies = [
            dubjob_body(
                stem if name and len(languages) == 1 else f"{stem}-{language.lower()}",
                {**given, "targetLanguage": language, "source": {"path": source}},
            )
            for language in languages
        ]
        for body in bodies:
            self.cluster.create_dubjob(body, dry_run=True)
        if not dry_run:
            self.put(file, source, progress=progress, profile=given.get("profileRef"))
            for body in bodies:
                self.cluster.create_dubjob(body)
        return [DubHandle(self, body["metadata"]["name"]) for body in bodies]

    def dub(self, name: str) -> DubHandle:
        """The DubJob of that name, which must exist. Raises :class:`NotFoundError`."""
        handle = DubHandle(self, name)
        handle.refresh()
        return handle

    def dubs(self, *, selector: str | None = None, everywhere: bool = False) -> list[Dub]:
        """All DubJobs of the namespace, or of all namespaces, oldest first."""
        found = self.cluster.dubjobs(selector=selector, everywhere=everywhere)
        return sorted((Dub(each) for each in found), key=lambda dub: dub.created)

    def profile(self, reference: Mapping[str, str] | None = None) -> DubProfile:
        """The profile that `reference` means, or the default one. Raises :class:`NotFoundError`."""
        probe = DubJob.model_validate(
            {
                "metadata": {"name": "any"},
                "spec": {"targetLanguage": "en", "profileRef": dict(reference or {}) or None},
            }
        )
        wanted = candidates(probe.spec.profile_ref)
        for each in wanted:
            try:
                return DubProfile.model_validate(self.cluster.profile(each.kind, each.name))
            except NotFoundError:
                continue
        raise NotFoundError(
            f"There is no {' and no '.join(str(each) for each in wanted)} for the namespace "
            f"{self.namespace}. `dub profiles` lists those that can be used."
        )

    @contextmanager
    def volume(self, reference: Mapping[str, str] | None = None) -> Iterator[Volume]:
        """The data volume of a profile, for several files. Raises :class:`DubError`."""
        from dubjob.transfer.pod import transfer_pod

        with ExitStack() as stack:
            pod = stack.enter_context(transfer_pod(self.cluster, self.profile(reference)))
            yield Volume(pod)

    def put(
        self,
        file: str | Path,
        path: str,
        *,
        progress: Progress = _silent,
        profile: Mapping[str, str] | None = None,
    ) -> str:
        """Upload `file` to `path` below the inputs folder; return its SHA-256.

        Raises :class:`DubError`.
        """
        with self.volume(profile) as volume:
            return volume.put(Path(file), f"inputs/{_relative(path)}", progress)

    def _profile_ref(self, name: str) -> dict[str, str]:
        """The reference to the profile of that name, of the namespace or of the cluster."""
        kinds = [each.get("kind", "DubProfile") for each in self.cluster.profiles()
                 if each["metadata"]["name"] == name]  # fmt: skip
        return {"name": name, **({"kind": kinds[0]} if kinds else {})}


class Volume:
    """The data volume, reached through a pod that exists only for a while."""

    def __init__(self, pod: Any) -> None:
        self._pod = pod

    def put(self, file: Path, path: str, progress: Progress = _silent) -> str:
        """Upload a file and return its SHA-256. Raises :class:`DubError`."""
        from dubjob.transfer.files import upload

        size = file.stat().st_size if file.is_file() else 0
        return upload(self._pod, file, path, lambda done: progress(file.name, done, size))

    def get(
        self, path: str, file: Path, sha256: str | None = None, progress: Progress = _silent,
        size: int = 0,
    ) -> str:  # fmt: skip
        """Download a file and return its SHA-256. Raises :class:`DubError`."""
        from dubjob.transfer.files import download

        return download(self._pod, path, file, sha256, lambda done: progress(file.name, done, size))

    def remove(self, path: str) -> None:
        """Remove a folder or a file. Raises :class:`DubError`."""
        self._pod.ask("remove", path)


class DubHandle:
    """One DubJob in the cluster."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self.name = name

    def refresh(self) -> Dub:
        """What the DubJob is now. Raises :class:`NotFoundError`."""
        return Dub(self._client.cluster.dubjob(self.name))

    def follow(self, seconds: float | None = None) -> Iterator[Dub]:
        """The DubJob after each change, until it finishes or awaits a review.

        Raises :class:`WaitTimeoutError` after `seconds`, and :class:`NotFoundError` if it is
        deleted.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            dub = self._refresh_patiently()
            yield dub
            if dub.is_finished or dub.awaits_review:
                return
            left = WATCH_SECONDS if deadline is None else deadline - time.monotonic()
            if left <= 0:
                raise WaitTimeoutError(
                    f"DubJob {self.name} did not finish in {seconds:.0f} s: {dub.message}"
                )
            version = dub.version
            for body in self._client.cluster.watch_dubjob(self.name, int(min(left, WATCH_SECONDS))):
                dub = Dub(body)
                if dub.version == version:
                    continue
                yield dub
                if dub.is_finished or dub.awaits_review:
                    return
                if deadline is not None and time.monotonic() > deadline:
                    break

    def _refresh_patiently(self) -> Dub:
        """What the DubJob is now; a cluster that is away for a while is waited for."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self.refresh()
            except UnreachableError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(1)

    def wait(self, seconds: float | None = None) -> DubHandle:
        """Wait until the dub is complete.

        Raises :class:`DubError` if it fails or awaits a review, :class:`WaitTimeoutError` after
        `seconds`.
        """
        *_, last = self.follow(seconds)
        if not last.is_complete:
            raise DubError(f"DubJob {self.name}: {last.message}")
        return self

    def download(
        self,
        folder: str | Path,
        only: Iterable[str] | None = None,
        progress: Progress = _silent,
    ) -> list[Path]:
        """Download the outputs to `folder`, each compared with its digest: those named in `only`,
        by default all but the stems. Return the files.

        Raises :class:`DubError` if there is no dub yet or an output was changed.
        """
        dub = self.refresh()
        if not dub.outputs:
            raise DubError(f"DubJob {self.name} has no outputs yet: {dub.message}")
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

    def suspend(self, suspended: bool = True) -> None:
        """Stop the running stage and start none, or go on. Raises :class:`NotFoundError`."""
        self._client.cluster.patch_dubjob(self.name, {"spec": {"suspend": suspended}})

    def retry(self, stage: str = "failed") -> None:
        """Run a stage and all later ones again, by default from the one that failed.

        Raises :class:`UsageError` for a stage that does not exist.
        """
        stages = [str(each) for each in Stage]
        if stage not in ("failed", *stages):
            raise UsageError(f"{stage} is no stage: use failed, {', '.join(stages)}.")
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

    def delete(self, *, media: bool = False) -> None:
        """Delete the DubJob; with `media` also its folders on the data volume, once no stage runs
        and unless another DubJob uses them.

        Raises :class:`DubError`.
        """
        dub = self.refresh()
        if media:
            self._refuse_shared(dub)
        self._client.cluster.delete_dubjob(self.name)
        if media:
            self._wait_for_pods()
            with self._client.volume(dub.profile_reference) as volume:
                for root in ("interim", "outputs", "inputs"):
                    volume.remove(f"{root}/{dub.job_id}")

    def _refuse_shared(self, dub: Dub) -> None:
        """Raise :class:`DubError` if another DubJob reads or writes these folders."""
        others = [
            other.name
            for other in self._client.dubs()
            if other.name != dub.name
            and dub.job_id in (other.job_id, other.dubjob.source_path.split("/")[0])
        ]
        if others:
            raise DubError(
                f"DubJob {', '.join(others)} uses the same media as {self.name}. Delete it "
                "first, or leave out the option --media of this command."
            )

    def _wait_for_pods(self, seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while self._client.cluster.pods(self.name):
            if time.monotonic() > deadline:
                raise DubError(
                    f"A pod of {self.name} still ends: its media were left. Run "
                    f"`kubectl -n {self._client.namespace} get pods`."
                )
            time.sleep(0.5)

    def _annotate(self, annotation: str, value: str) -> None:
        self._client.cluster.patch_dubjob(
            self.name, {"metadata": {"annotations": {annotation: value}}}
        )


def dubjob_body(name: str, spec: Mapping[str, Any]) -> Object:
    """The DubJob with that name and spec."""
    return {
        "apiVersion": names.API_VERSION,
        "kind": "DubJob",
        "metadata": {"name": name},
        "spec": dict(spec),
    }


def name_of(file: Path) -> str:
    """A name for a DubJob from that of a file: ``Talk (final).MP4`` becomes ``talk-final``."""
    name = re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-")[:40].strip("-")
    if not name:
        raise UsageError(
            f"{file.name} has no letter or digit for a name: use the option --name to give one."
        )
    return name


def _chosen(dub: Dub, only: Iterable[str] | None) -> list[Any]:
    """The outputs to download. Raises :class:`UsageError` for a name that there is not."""
    if only is None:
        return [each for each in dub.outputs if each.name not in LEFT_OUT]
    wanted = list(only)
    known = {each.name for each in dub.outputs}
    missing = [name for name in wanted if name not in known]
    if missing:
        raise UsageError(
            f"DubJob {dub.name} has no output {', '.join(missing)}: it has "
            f"{', '.join(sorted(known))}."
        )
    return [each for each in dub.outputs if each.name in wanted]


def _relative(path: str) -> str:
    if path.startswith("/") or ".." in PurePosixPath(path).parts or not path:
        raise UsageError(f"{path!r} is no path below the inputs folder: use talk/source.mp4.")
    return path
