"""The least that does the work: a script that creates the next Job when a Job is Complete.

raw_pipeline.py KUBECONFIG PREFIX COUNT
"""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime, timezone
from pathlib import Path

from api import Api, Object

from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.profile import DubProfile
from dubjob_operator.planning.manifests import stage_job
from dubjob_operator.planning.pipeline import input_hashes
from dubjob_operator.planning.stage_entry import first
from dubstage.contract import Stage

JOBS = "/apis/batch/v1/namespaces/dubbing/jobs"
STAGES = list(Stage)


def job(name: str, stage: Stage, profile: DubProfile) -> Object:
    """The same Job as the operator's, without an owner."""
    dubjob = DubJob.model_validate(
        {"metadata": {"name": name, "namespace": "dubbing", "uid": name},
         "spec": {"targetLanguage": "es", "sourceLanguage": "en",
                  "profileRef": {"name": "cpu"}}}
    )  # fmt: skip
    now = datetime.now(timezone.utc)
    found = stage_job(dubjob, profile, first(stage, input_hashes(dubjob)[stage], now))
    del found["metadata"]["ownerReferences"]
    return found


async def main() -> None:
    api, prefix, count = Api(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
    raw = await api.call("GET", "/apis/dubjob.dev/v1alpha1/namespaces/dubbing/dubprofiles/cpu")
    profile = DubProfile.model_validate(raw)
    done: set[str] = set()
    tasks: set[asyncio.Task[Object]] = set()

    def create(name: str, stage: Stage) -> None:
        task = asyncio.create_task(api.call("POST", JOBS, job(name, stage, profile)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    async def follow() -> None:
        left = count
        async for event in api.watch(JOBS):
            item = event["object"]
            conditions = item.get("status", {}).get("conditions", [])
            complete = any(each["type"] == "Complete" for each in conditions)
            if not complete or item["metadata"]["uid"] in done:
                continue
            done.add(item["metadata"]["uid"])
            labels = item["metadata"]["labels"]
            number = STAGES.index(Stage(labels["dubjob.dev/stage"]))
            if number + 1 < len(STAGES):
                create(labels["dubjob.dev/dubjob"], STAGES[number + 1])
            else:
                left -= 1
                if left == 0:
                    return

    following = asyncio.create_task(follow())
    await asyncio.sleep(0.5)
    for number in range(count):
        create(f"{prefix}{number:04d}", STAGES[0])
    await following
    await api.close()


if __name__ == "__main__":
    asyncio.run(main())
