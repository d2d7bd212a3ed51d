"""Creation and deletion of Jobs, whoever has the name already."""

from __future__ import annotations

from typing import Any, cast

import pytest

from dubjob_operator.cluster.apply import create_job, delete_job
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import (
    ApiError,
    Conflict,
    NotFound,
    Refused,
    Unavailable,
    Unknown,
)
from dubjob_operator.planning.observation import ObservedJob

EXISTS = Conflict(409, "AlreadyExists", 'jobs.batch "talk-mux-1" already exists')
JOBS = "/apis/batch/v1/namespaces/dubbing/jobs"
GONE = "2026-01-02T03:04:05Z"


def job(owner: str, **metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "talk-mux-1", "namespace": "dubbing", "labels": {"dubjob.dev/stage": "mux"},
            "ownerReferences": [{"controller": True, "uid": owner}], **metadata,
        }
    }  # fmt: skip


class Server:
    """Answers the writes with these errors, if they are any, and every read with `existing`."""

    def __init__(
        self, *errors: ApiError | None, existing: dict[str, Any] | ApiError | None = None
    ) -> None:
        self.errors = list(errors)
        self.existing = existing
        self.calls: list[tuple[str, str, Any]] = []

    async def send(self, method: str, path: str, body: Any) -> dict[str, Any]:
        self.calls.append((method, path, body))
        error = self.errors.pop(0)
        if error:
            raise error
        return {}

    async def request(self, method: str, path: str) -> dict[str, Any]:
        self.calls.append((method, path, None))
        if self.existing is None:
            raise NotFound(404, "NotFound", path)
        if isinstance(self.existing, ApiError):
            raise self.existing
        return self.existing

    @property
    def client(self) -> Client:
        return cast("Client", self)


async def test_job_that_an_earlier_reconcile_has_created_counts() -> None:
    server = Server(EXISTS, existing=job("ours"))
    await create_job(server.client, job("ours"))
    assert [call[:2] for call in server.calls] == [
        ("POST", JOBS), ("GET", f"{JOBS}/talk-mux-1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "existing",
    [job("another"), job("ours", deletionTimestamp=GONE), job("ours", ownerReferences=[])],
    ids=["of another DubJob", "being deleted", "of nobody"],
)
async def test_other_object_of_that_name_is_an_error(existing: dict[str, Any]) -> None:
    with pytest.raises(Conflict, match="already exists"):
        await create_job(Server(EXISTS, existing=existing).client, job("ours"))


CONTENDED = Conflict(409, "Conflict", "Operation cannot be fulfilled on resourcequotas")
AWAY = Unavailable(500, "InternalError", "etcdserver: leader changed")
SILENT = Unavailable(0, "TimeoutError", "POST jobs")


@pytest.mark.parametrize("error", [CONTENDED, EXISTS], ids=["quota", "deleted meanwhile"])
async def test_job_is_created_again_after_a_conflict(error: ApiError) -> None:
    server = Server(error, None)
    await create_job(server.client, job("ours"))
    assert [call[0] for call in server.calls] == ["POST", "GET", "POST"]


@pytest.mark.parametrize("errors", [(CONTENDED, CONTENDED), (EXISTS, EXISTS), (CONTENDED, AWAY)])
async def test_answer_to_the_last_creation_is_raised(errors: tuple[ApiError, ApiError]) -> None:
    """Not that a read finds no Job."""
    with pytest.raises(type(errors[1])) as raised:
        await create_job(Server(*errors).client, job("ours"))
    assert raised.value is errors[1]


@pytest.mark.parametrize("error", [AWAY, SILENT, CONTENDED])
async def test_job_counts_though_the_answer_is_lost(error: ApiError) -> None:
    """The client has retried, perhaps, and was answered about the retry."""
    server = Server(error, existing=job("ours"))
    await create_job(server.client, job("ours"))
    assert [call[0] for call in server.calls] == ["POST", "GET"]


@pytest.mark.parametrize("existing", [None, job("another"), job("ours", deletionTimestamp=GONE)])
async def test_job_that_does_not_exist_after_an_outage_is_an_error(
    existing: dict[str, Any] | ApiError | None,
) -> None:
    server = Server(SILENT, existing=existing)
    with pytest.raises(Unavailable) as raised:
        await create_job(server.client, job("ours"))
    assert raised.value is SILENT


@pytest.mark.parametrize("error", [SILENT, EXISTS, CONTENDED])
async def test_job_may_exist_if_nothing_is_answered(error: ApiError) -> None:
    with pytest.raises(Unknown, match=rf"{error.status} {error.reason}.*leader changed"):
        await create_job(Server(error, existing=AWAY).client, job("ours"))


async def test_refusal_is_raised_at_once() -> None:
    server = Server(Refused(403, "Forbidden", "exceeded quota: few"))
    with pytest.raises(Refused):
        await create_job(server.client, job("ours"))
    assert len(server.calls) == 1


OBSERVED = ObservedJob(name="talk-mux-1", uid="u-1", stage="mux", pipeline_hash="")


async def test_only_the_job_that_was_seen_is_deleted_with_its_pods() -> None:
    server = Server(None)
    await delete_job(server.client, "dubbing", OBSERVED)
    ((method, path, body),) = server.calls
    assert (method, path) == ("DELETE", f"{JOBS}/talk-mux-1")
    assert body["preconditions"] == {"uid": "u-1"}
    assert body["propagationPolicy"] == "Background"


@pytest.mark.parametrize("error", [EXISTS, Unavailable(500, "InternalError", "etcdserver")])
async def test_deletion_that_failed_is_tried_again(error: ApiError) -> None:
    with pytest.raises(type(error)):
        await delete_job(Server(error).client, "dubbing", OBSERVED)


async def test_job_that_is_gone_needs_no_deletion() -> None:
    await delete_job(Server(NotFound(404, "NotFound", "")).client, "dubbing", OBSERVED)
