"""Dub videos from Python: ``Client().submit("talk.mp4", to="es").wait().download("out/")``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from dubjob.cluster import Cluster, Object
from dubjob.dub import Dub
from dubjob.errors import NotFoundError, UsageError
from dubjob.handle import DubHandle
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
        progress: Progress = silent,
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
        progress: Progress = silent,
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
        with transfer_pod(self.cluster, self.profile(reference)) as pod:
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
        with self.volume(profile) as volume:
            return volume.put(Path(file), f"inputs/{_relative(path)}", progress)

    def _profile_ref(self, name: str) -> dict[str, str]:
        """The reference to the profile of that name, of the namespace or of the cluster."""
        kinds = [each.get("kind", "DubProfile") for each in self.cluster.profiles()
                 if each["metadata"]["name"] == name]  # fmt: skip
        return {"name": name, **({"kind": kinds[0]} if kinds else {})}


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


def _relative(path: str) -> str:
    if path.startswith("/") or ".." in PurePosixPath(path).parts or not path:
        raise UsageError(f"{path!r} is no path below the inputs folder: use talk/source.mp4.")
    return path
