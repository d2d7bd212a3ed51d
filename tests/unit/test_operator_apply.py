"""Creation and deletion of Jobs, whoever has the name already."""

from __future__ import annotations

from typing import Any, cast

import pytest

from dubjob_operator.cluster.apply import create_job, delete_job
from dubjob_operator.cluster.client import Client
from dubjob_operator.cluster.errors import ApiError, Conflict, NotFound, Unavailable
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
    """Answers every write with `error`, and every read with `existing`."""

    def __init__(self, error: ApiError | None, existing: dict[str, Any] | None = None) -> None:
        self.error = error
        self.existing = existing
        self.calls: list[tuple[str, str, Any]] = []

    async def send(self, method: str, path: str, body: Any) -> dict[str, Any]:
        self.calls.append((method, path, body))
        if self.error:
            raise self.error
        return {}

    async def request(self, method: str, path: str) -> dict[str, Any]:
        self.calls.append((method, path, None))
        if self.existing is None:
            raise NotFound(404, "NotFound", path)
        return self.existing

    @property
    def client(self) -> Client:
        return cast("Client", self)


async def test_job_that_an_earlier_reconcile_has_created_counts() -> None:
    server = Server(EXISTS, job("ours"))
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
        await create_job(Server(EXISTS, existing).client, job("ours"))


async def test_job_that_is_gone_again_is_an_error() -> None:
    with pytest.raises(NotFound):
        await create_job(Server(EXISTS).client, job("ours"))


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
