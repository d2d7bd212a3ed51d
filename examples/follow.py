#!/usr/bin/env python3
"""Apply a DubJob, follow it to its end, and say what came of it.

    python3 examples/follow.py examples/dubjob.yaml [--outputs FOLDER]

Shows each stage as it starts and ends, then the paths of the outputs and a short
report. Ends with status 1 and the DubJob's own sentence where the dub failed.
`--outputs` is the data volume as this machine sees it; without it the report is
made of the DubJob's status alone. Needs only kubectl.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, cast

POLL_SECONDS = 0.5


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("manifest", type=Path, help="a file with one DubJob")
    parser.add_argument("--outputs", type=Path, help="the data volume, to read the report from")
    parser.add_argument("--timeout", type=float, default=600, help="seconds to wait (600)")
    arguments = parser.parse_args()

    applied = kubectl("apply", "-f", str(arguments.manifest), "-o", "json")
    name, namespace = applied["metadata"]["name"], applied["metadata"]["namespace"]
    say(f"DubJob {namespace}/{name} applied")
    dubjob = follow(name, namespace, generation_of(applied), time.monotonic() + arguments.timeout)
    if dubjob is None:
        say(f"not finished after {arguments.timeout:.0f} s")
        say(f"see: kubectl -n {namespace} describe dj {name}")
        return 1
    finished = condition(dubjob, "Finished")
    if condition(dubjob, "Complete").get("status") != "True":
        say(f"failed: {finished.get('reason')}: {finished.get('message')}")
        return 1
    print_report(dubjob, arguments.outputs)
    return 0


def follow(name: str, namespace: str, generation: int, deadline: float) -> dict[str, Any] | None:
    """The finished DubJob, or None where `deadline` passed first."""
    shown: dict[str, str] = {}
    said = ""
    while time.monotonic() < deadline:
        dubjob = kubectl("-n", namespace, "get", "dubjob", name, "-o", "json")
        status = dubjob.get("status", {})
        for stage in status.get("stages", []):
            line = describe(stage)
            if shown.get(stage["name"]) != line and stage["state"] != "Pending":
                shown[stage["name"]] = line
                say(f"{stage['name']:<11} {line}")
        finished = condition(dubjob, "Finished")
        waiting = finished.get("message", "Nobody has looked at the DubJob yet.")
        if not shown and waiting != said:
            said = waiting
            say(waiting)
        if finished.get("status") == "True" and finished.get("observedGeneration", 0) >= generation:
            return dubjob
        time.sleep(POLL_SECONDS)
    return None


def describe(stage: dict[str, Any]) -> str:
    """What a stage is doing, in a few words."""
    text = "Reused" if stage.get("reused") else str(stage["state"])
    seconds = stage.get("result", {}).get("seconds")
    if text == "Succeeded" and seconds is not None:
        text += f" in {seconds:.1f} s"
    if stage.get("message") and text not in ("Running", "Reused"):
        text += f": {stage['message']}"
    return text


def print_report(dubjob: dict[str, Any], volume: Path | None) -> None:
    """Where the outputs are, and the figures a person asks for first."""
    status, spec = dubjob["status"], dubjob["spec"]
    job_id = spec.get("jobID", dubjob["metadata"]["name"])
    print(f"\n{status.get('languages', spec['targetLanguage'])}: the dub is ready.")
    if volume is None:
        print(f"Outputs: outputs/{job_id}/ on the data volume")
        return
    outputs = volume / "outputs" / job_id
    print("Outputs:")
    for path in sorted(path for path in outputs.rglob("*") if path.is_file()):
        print(f"  {path}  ({path.stat().st_size / 1024:.0f} KiB)")
    report = json.loads((outputs / "report.json").read_text())
    lines = report["lines"]
    speeds = [line["speed"] for line in lines]
    print(f"Lines: {len(lines)}, speed {min(speeds):.2f} to {max(speeds):.2f}")
    for line in lines:
        flags = ", ".join(line.get("flags", []))
        print(f"  {line['start']:7.2f} s  {line['speed']:.2f}x  {flags}")
    times = {stage["name"]: stage.get("result", {}).get("seconds") for stage in status["stages"]}
    print("Seconds: " + ", ".join(f"{name} {s:.1f}" for name, s in times.items() if s is not None))


def condition(dubjob: dict[str, Any], kind: str) -> dict[str, Any]:
    """The condition of type `kind`, empty where there is none yet."""
    for entry in dubjob.get("status", {}).get("conditions", []):
        if entry["type"] == kind:
            return cast("dict[str, Any]", entry)
    return {}


def generation_of(applied: dict[str, Any]) -> int:
    return int(applied["metadata"]["generation"])


def kubectl(*arguments: str) -> dict[str, Any]:
    """The JSON that kubectl answers with; ends the program where it fails."""
    done = subprocess.run(["kubectl", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
    return cast("dict[str, Any]", json.loads(done.stdout))


def say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
