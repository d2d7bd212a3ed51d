"""The objects of a cluster that the commands read and change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

from kubernetes import watch
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from dubjob.arguments import object_name
from dubjob.connection import CONNECT_SECONDS, READ_SECONDS, Connection
from dubjob.errors import DubError, NotFoundError
from dubjob.refusals import refused
from dubjob_operator import names

END_SECONDS = 10
"""A watch ends this long after its time, if the server is gone and does not end it."""
WATCH_AGAIN = (410, 429, 500, 502, 503, 504)
"""Answers to a watch after which the caller reads the object and starts another watch."""
PLURALS = {"DubProfile": names.DUBPROFILES, "ClusterDubProfile": names.CLUSTERDUBPROFILES}

Object = dict[str, Any]
"""An object as the API server stores it."""


class Cluster(Connection):
    """The DubJobs, profiles, pods and Events of a namespace, over one connection."""

    def create_dubjob(self, body: Object, *, dry_run: bool = False) -> Object:
        """Create the DubJob; with `dry_run` the server checks it and stores nothing. A field that
        it does not know is refused: a misspelt one would have no effect."""
        return self._custom(
            f"DubJob {body['metadata']['name']}",
            self.custom.create_namespaced_custom_object,
            names.DUBJOBS,
            body,
            dry_run="All" if dry_run else None,
            field_validation="Strict",
        )

    def dubjob(self, name: str) -> Object:
        """Return the DubJob. Raises :class:`NotFoundError`."""
        return self._custom(
            f"DubJob {name}",
            self.custom.get_namespaced_custom_object,
            names.DUBJOBS,
            object_name("DubJob", name),
        )

    def dubjobs(
        self,
        *,
        selector: str | None = None,
        everywhere: bool = False,
        read_seconds: float = READ_SECONDS,
    ) -> list[Object]:
        """Return the DubJobs of the namespace, or of all namespaces. `read_seconds`: how long to
        wait for a connection (10 s at most), and again for the answer."""
        arguments: dict[str, Any] = {
            "_request_timeout": (min(CONNECT_SECONDS, read_seconds), read_seconds)
        }
        if selector:
            arguments["label_selector"] = selector
        if everywhere:
            found = self.call(
                "DubJobs of all namespaces",
                self.custom.list_cluster_custom_object,
                names.GROUP,
                names.VERSION,
                names.DUBJOBS,
                **arguments,
            )
        else:
            found = self._custom(
                "DubJobs", self.custom.list_namespaced_custom_object, names.DUBJOBS, **arguments
            )
        return cast("list[Object]", found["items"])

    def patch_dubjob(self, name: str, patch: Object) -> Object:
        """Merge `patch` into the DubJob. Raises :class:`NotFoundError`."""
        return self._custom(
            f"DubJob {name}",
            self.custom.patch_namespaced_custom_object,
            names.DUBJOBS,
            object_name("DubJob", name),
            patch,
            _content_type="application/merge-patch+json",
        )

    def delete_dubjob(self, name: str) -> None:
        """Delete the DubJob and, through the cluster's garbage collection, its Jobs."""
        self._custom(
            f"DubJob {name}",
            self.custom.delete_namespaced_custom_object,
            names.DUBJOBS,
            object_name("DubJob", name),
        )

    def watch_dubjob(self, name: str, seconds: int) -> Iterator[Object]:
        """The DubJob after each change, for at most `seconds`."""
        stream = watch.Watch()
        try:
            for event in stream.stream(
                self.custom.list_namespaced_custom_object,
                names.GROUP,
                names.VERSION,
                self.namespace,
                names.DUBJOBS,
                field_selector=f"metadata.name={name}",
                timeout_seconds=max(1, seconds),
                _request_timeout=(CONNECT_SECONDS, seconds + END_SECONDS),
            ):
                if event["type"] == "DELETED":
                    raise NotFoundError(f"DubJob {name} was deleted in {self.namespace}.")
                if event["type"] in ("ADDED", "MODIFIED"):
                    yield event["object"]
        except ApiException as error:
            if error.status not in WATCH_AGAIN:
                raise refused(f"DubJob {name}", self.namespace, error) from error
        except HTTPError:
            return
        finally:
            stream.stop()

    def profile(self, kind: str, name: str, namespace: str | None = None) -> Object:
        """Return the profile of that kind, a DubProfile from `namespace`, by default the client's.
        Raises :class:`NotFoundError`."""
        object_name(kind, name)
        if kind == "ClusterDubProfile":
            found = self.call(
                f"{kind} {name}",
                self.custom.get_cluster_custom_object,
                names.GROUP,
                names.VERSION,
                PLURALS[kind],
                name,
            )
            return cast("Object", found)
        place = namespace or self.namespace
        found = self.call(
            f"{kind} {name}",
            self.custom.get_namespaced_custom_object,
            names.GROUP,
            names.VERSION,
            place,
            PLURALS[kind],
            name,
        )
        return cast("Object", found)

    def profiles(self) -> list[Object]:
        """The profiles that DubJobs of the namespace can use: its own first."""
        own = self._custom(
            "DubProfiles", self.custom.list_namespaced_custom_object, names.DUBPROFILES
        )["items"]
        shared = self.call(
            "ClusterDubProfiles",
            self.custom.list_cluster_custom_object,
            names.GROUP,
            names.VERSION,
            names.CLUSTERDUBPROFILES,
        )["items"]
        if not own:
            self.require_namespace()
        usable = [
            each
            for each in shared
            if self.namespace in each["spec"].get("allowedNamespaces", [self.namespace])
        ]
        return [*own, *usable]

    def profile_namespaces(self) -> list[str]:
        """The namespaces that have profiles; none if this account cannot list them."""
        try:
            found = self.call(
                "DubProfiles of all namespaces",
                self.custom.list_cluster_custom_object,
                names.GROUP,
                names.VERSION,
                names.DUBPROFILES,
            )
        except DubError:
            return []
        return sorted({each["metadata"]["namespace"] for each in found["items"]})

    def pods(self, dubjob: str) -> list[Any]:
        """The pods of the DubJob, oldest first."""
        selector = f"{names.DUBJOB_LABEL}={names.label_value(dubjob)}"
        found = self.call(
            f"pods of DubJob {dubjob}",
            self.core.list_namespaced_pod,
            self.namespace,
            label_selector=selector,
        )
        return sorted(found.items, key=lambda pod: pod.metadata.creation_timestamp)

    def events(self, name: str) -> list[Any]:
        """The Events about an object of that name, oldest first."""
        found = self.call(
            f"Events of {name}",
            self.core.list_namespaced_event,
            self.namespace,
            field_selector=f"involvedObject.name={name}",
        )
        return sorted(
            found.items,
            key=lambda event: event.last_timestamp or event.metadata.creation_timestamp,
        )

    def operators(self) -> list[Any]:
        """The Deployments of the operator, in all namespaces."""
        found = self.call(
            "Deployments of the operator",
            self.apps.list_deployment_for_all_namespaces,
            label_selector=f"app.kubernetes.io/name={names.OPERATOR_NAME}",
        )
        return list(found.items)

    def _custom(
        self, subject: str, call: Callable[..., Any], plural: str, *arguments: Any, **named: Any
    ) -> Object:
        named = {name: value for name, value in named.items() if value is not None}
        found = self.call(
            subject, call, names.GROUP, names.VERSION, self.namespace, plural, *arguments, **named
        )
        return cast("Object", found)
