"""Dub videos from Python: ``Client().submit("talk.mp4", to="es").wait().download("out/")``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dubjob.arguments import input_path, languages, local_file, object_name
from dubjob.cluster import Cluster, Object
from dubjob.dub import Dub
from dubjob.errors import (
    DubError,
    ExistsError,
    NoNamespaceError,
    NotFoundError,
    NotInstalledError,
    UsageError,
    printable,
)
from dubjob.handle import DubHandle
from dubjob.media import record_upload
from dubjob.reach import refuse_languages
from dubjob.transfer.pod import transfer_pod
from dubjob.volume import Progress, Volume, silent
from dubjob_operator import names
from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.profile import DubProfile
from dubjob_operator.api.profile_reference import candidates


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
        self.remark: Callable[[str], None] = lambda words: None
        """Called with what a transfer waits for before it begins."""

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
        replace: bool = False,
        progress: Progress = silent,
    ) -> DubHandle:
        """Upload `file` and create the DubJob that dubs it into the language `to`.

        `spec` has further fields of the DubJob. The name defaults to the file's and the language.
        With `replace` a DubJob of that name is deleted first; its results are reused where they
        still fit.

        Raises :class:`DubError`; nothing is uploaded for a DubJob that the server refuses.
        """
        (handle,) = self.submit_all(
            file, to=[to], source_language=source_language, profile=profile, name=name, spec=spec,
            replace=replace, progress=progress,
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
        replace: bool = False,
        dry_run: bool = False,
        progress: Progress = silent,
    ) -> list[DubHandle]:
        """Upload `file` once and create a DubJob for each language; see :meth:`submit`. With
        `dry_run` the server checks the DubJobs, the profile is read, and nothing is stored."""
        file = local_file(file, with_content=True)
        stem = name_of(file) if name is None else object_name("DubJob", name)
        tags = languages(to)
        source = input_path(f"{stem}/source{file.suffix.lower()}")
        one = name is not None and len(tags) == 1
        named = {
            object_name("DubJob", stem if one else f"{stem}-{tag.lower()}"): tag for tag in tags
        }
        given = dict(spec or {})
        _refuse_own_fields(given, tags)
        if source_language is not None:
            given["sourceLanguage"] = source_language
        if profile is not None:
            given["profileRef"] = self._profile_ref(profile)
        bodies = [
            dubjob_body(each, {**given, "targetLanguage": tag, "source": {"path": source}})
            for each, tag in named.items()
        ]
        handles = [DubHandle(self, each) for each in named]
        for handle, body in zip(handles, bodies, strict=True):
            handle.submitted = self._check(body, replace=replace)
        used = self.profile(given.get("profileRef"))
        refuse_languages(bodies, used, self.cluster)
        if dry_run:
            return handles
        deleted: list[str] = []
        try:
            with self.volume(given.get("profileRef")) as volume:
                path = f"inputs/{source}"
                refuse_languages(bodies, used, self.cluster, volume)
                claim = used.spec.data_claim_name
                self._refuse_change(volume, claim, file, path, {each.name for each in handles})
                for handle in handles if replace else ():
                    deleted += [handle.name] if handle.delete_if_there() else []
                volume.put(file, path, progress)
                record_upload(volume, path, self.namespace, file.stat().st_size)
            for handle, body in zip(handles, bodies, strict=True):
                handle.submitted = self.cluster.create_dubjob(body)
        except DubError as error:
            if deleted:
                error.args = (
                    f"{error} DubJob {', '.join(deleted)} was deleted before: run the same command "
                    "again to create it.",
                )
            raise
        return handles

    def _check(self, body: Object, *, replace: bool) -> Object:
        """Let the server check the DubJob, which stores nothing. Return the DubJob with its
        defaults. Raises :class:`DubError`."""
        try:
            return self.cluster.create_dubjob(body, dry_run=True)
        except ExistsError as error:
            # The server compares names last: everything else is accepted.
            if not replace:
                name = body["metadata"]["name"]
                raise ExistsError(
                    f"{error} Follow it with `dub -n {self.namespace} watch {name}`, use --name "
                    "for another name, or --replace to delete it first."
                ) from error
            return body

    def _refuse_change(
        self, volume: Volume, claim: str, file: Path, path: str, own: set[str]
    ) -> None:
        """Raise :class:`DubError` if the source of another DubJob with that data claim would become
        another file."""
        readers = [
            dub.name
            for dub in self.dubs()
            if dub.name not in own
            and f"inputs/{dub.dubjob.source_path}" == path
            and self._claim_of(dub) in (claim, None)
        ]
        if readers and volume.differs(file, path):
            raise DubError(
                f"DubJob {', '.join(readers)} uses {path}, which differs from {file.name}. Use "
                "--name for another name."
            )

    def _claim_of(self, dub: Dub) -> str | None:
        """The data claim of the DubJob's profile; None if the profile does not exist."""
        try:
            return self.profile(dub.profile_reference).spec.data_claim_name
        except NotFoundError:
            return None

    def dub(self, name: str) -> DubHandle:
        """The DubJob of that name, which must exist. Raises :class:`NotFoundError`."""
        handle = DubHandle(self, name)
        handle.refresh()
        return handle

    def dubs(self, *, selector: str | None = None, everywhere: bool = False) -> list[Dub]:
        """All DubJobs of the namespace, or of all namespaces, oldest first."""
        found = self.cluster.dubjobs(selector=selector, everywhere=everywhere)
        if not found and not everywhere:
            self.cluster.require_namespace()
        return sorted((Dub(each) for each in found), key=lambda dub: dub.created)

    def profile(self, reference: Mapping[str, str] | None = None) -> DubProfile:
        """The profile that `reference` means, or the default one. Raises :class:`NotFoundError`."""
        if reference:
            object_name(reference.get("kind", "DubProfile"), reference["name"])
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
            except (NoNamespaceError, NotInstalledError):
                raise
            except NotFoundError:
                continue
        raise self._no_profile(" and no ".join(str(each) for each in wanted))

    @contextmanager
    def volume(self, reference: Mapping[str, str] | None = None) -> Iterator[Volume]:
        """The data volume of a profile, for several files. Raises :class:`DubError`."""
        with transfer_pod(self.cluster, self.profile(reference), self.remark) as pod:
            yield Volume(pod)

    def put(
        self,
        file: str | Path,
        path: str,
        *,
        progress: Progress = silent,
        profile: Mapping[str, str] | None = None,
    ) -> str:
        """Upload `file` to `path` below the inputs folder; return its SHA-256.

        Raises :class:`DubError`.
        """
        source, target = local_file(file), input_path(path)
        with self.volume(profile) as volume:
            return volume.put(source, f"inputs/{target}", progress)

    def _profile_ref(self, name: str) -> dict[str, str]:
        """The reference to the profile of that name, of the namespace or of the cluster.

        Raises :class:`NotFoundError`.
        """
        object_name("DubProfile", name)
        for each in self.cluster.profiles():
            if each["metadata"]["name"] == name:
                return {"name": name, "kind": each.get("kind", "DubProfile")}
        raise self._no_profile(f"DubProfile {name}")

    def _no_profile(self, what: str) -> NotFoundError:
        return NotFoundError(
            f"There is no {what} for the namespace {self.namespace}. `dub -n {self.namespace} "
            "profiles` lists those that can be used."
        )


def dubjob_body(name: str, spec: Mapping[str, Any]) -> Object:
    """The DubJob with that name and spec."""
    return {
        "apiVersion": names.API_VERSION,
        "kind": "DubJob",
        "metadata": {"name": name},
        "spec": dict(spec),
    }


def _refuse_own_fields(spec: Mapping[str, Any], tags: list[str]) -> None:
    """Raise :class:`UsageError` for fields of a spec that the arguments determine."""
    if "source" in spec:
        raise UsageError(
            "The spec has the field source, which is the file that is uploaded: leave it out. To "
            "dub a file that is on the data volume, apply a DubJob with kubectl."
        )
    language = spec.get("targetLanguage")
    if "targetLanguage" in spec and [language] != tags:
        raise UsageError(
            f"The spec has the targetLanguage {printable(str(language))}, and --to is "
            f"{','.join(tags)}: leave out the field."
        )


def name_of(file: Path) -> str:
    """A name for a DubJob from that of a file: ``Talk (final).MP4`` becomes ``talk-final``."""
    name = re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-")[:40].strip("-")
    if not name:
        raise UsageError(
            f"{file.name} has no letter or digit for a name: use the option --name to give one."
        )
    return name
