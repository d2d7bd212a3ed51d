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
    elapsed = stage.get("elapsedMilliseconds")
    if text == "Succeeded" and elapsed is not None:
        text += f" in {elapsed / 1000:.1f} s"
    if stage.get("message") and text not in ("Running", "Reused"):
        text += f": {stage['message']}"
    return text


def print_report(dubjob: dict[str, Any], volume: Path | None) -> None:
    """Where the outputs are, and what is asked first about a dub."""
    status, spec = dubjob["status"], dubjob["spec"]
    print(f"\n{status.get('languages', spec['targetLanguage'])}: the dub is ready.")
    folder = volume / "outputs" if volume else Path("outputs")
    print("Outputs:" if volume else "Outputs, on the data volume:")
    for output in status.get("outputs", []):
        size = output["sizeBytes"] / 1024
        print(f"  {output['name']:<17} {folder / output['path']}  ({size:.0f} KiB)")
    summary = status.get("summary", {})
    print(
        f"Segments: {summary.get('segments', '?')}, speed up to "
        f"{summary.get('maxSpeedPercent', 100) / 100:.2f}x, "
        f"{summary.get('trimmedSegments', 0)} trimmed"
    )
    if volume:
        print_segments(status, volume)
    times = {stage["name"]: stage.get("elapsedMilliseconds") for stage in status["stages"]}
    known = [f"{name} {ms / 1000:.1f}" for name, ms in times.items() if ms is not None]
    print("Seconds: " + ", ".join(known))


def print_segments(status: dict[str, Any], volume: Path) -> None:
    """Start, speed and flags of each segment, from the report on the data volume."""
    paths = {output["name"]: output["path"] for output in status.get("outputs", [])}
    if "report" not in paths:
        return
    report = json.loads((volume / "outputs" / paths["report"]).read_text())
    for segment in report["segments"]:
        flags = ", ".join(segment.get("flags", []))
        print(f"  {segment['start']:7.2f} s  {segment['speed']:.2f}x  {flags}")


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
