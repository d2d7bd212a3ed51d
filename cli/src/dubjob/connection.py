"""One connection with the API server: its context, credentials and failures."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from http import HTTPStatus
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException
from pydantic import ValidationError
from urllib3.exceptions import HTTPError

from dubjob.arguments import namespace_name
from dubjob.errors import DubError, UnreachableError
from dubjob.kubeconfig import load
from dubjob.refusals import no_namespace, refused

CONNECT_SECONDS = 10
READ_SECONDS = 60


class Connection:
    """A connection with the context, the credentials and the namespace of a kubeconfig, or of the
    pod that this process runs in.

    Raises :class:`DubError` if there is no kubeconfig or the context is not in it.
    """

    def __init__(
        self,
        namespace: str | None = None,
        context: str | None = None,
        kubeconfig: str | None = None,
    ) -> None:
        configuration = client.Configuration()
        own_namespace = load(configuration, context, kubeconfig)
        self.configuration = configuration
        self.namespace = namespace_name(
            own_namespace or "default" if namespace is None else namespace
        )
        self._api = client.ApiClient(configuration)
        self.custom = client.CustomObjectsApi(self._api)

    # The modules of these take seconds to import, and most commands need only DubJobs.

    @cached_property
    def core(self) -> client.CoreV1Api:
        return client.CoreV1Api(self._api)

    @cached_property
    def apps(self) -> client.AppsV1Api:
        return client.AppsV1Api(self._api)

    @cached_property
    def batch(self) -> client.BatchV1Api:
        return client.BatchV1Api(self._api)

    @cached_property
    def authorization(self) -> client.AuthorizationV1Api:
        return client.AuthorizationV1Api(self._api)

    def require_namespace(self) -> None:
        """Raise :class:`NotFoundError` if the namespace does not exist: the API server lists
        nothing in it, and refuses nothing. An account that cannot read namespaces learns nothing.
        """
        request = self._api.param_serialize(
            "GET",
            "/api/v1/namespaces/{name}",
            path_params={"name": self.namespace},
            auth_settings=["BearerToken"],
        )
        try:
            answer = self._api.call_api(*request, _request_timeout=(CONNECT_SECONDS, READ_SECONDS))
            answer.read()
        except (ApiException, HTTPError, OSError):
            # The request before this one was answered: its answer counts.
            return
        if answer.status == HTTPStatus.NOT_FOUND:
            raise no_namespace(self.namespace)

    def call(self, subject: str, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Make one request; `subject` is what the message of a failure is about.

        Raises :class:`DubError` with the API server's words.
        """
        named.setdefault("_request_timeout", (CONNECT_SECONDS, READ_SECONDS))
        try:
            return call(*arguments, **named)
        except ApiException as error:
            if error.status == HTTPStatus.NOT_FOUND:
                self.require_namespace()
            raise refused(subject, self.namespace, error) from error
        except ValidationError as error:
            raise DubError(
                f"{subject}: this command cannot read the answer of the cluster at "
                f"{self.configuration.host}. Check that it is a Kubernetes API server."
            ) from error
        except (HTTPError, OSError) as error:
            raise UnreachableError(
                f"The cluster at {self.configuration.host} does not answer "
                f"({_innermost(error)}). Check the context with `kubectl cluster-info`."
            ) from error


def _innermost(error: BaseException) -> str:
    """The shortest true reason of a failed connection."""
    reason = getattr(error, "reason", None)
    return str(reason if reason is not None else error).split(": ", 1)[-1]
