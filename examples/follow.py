#!/usr/bin/env python3
"""Apply a DubJob, wait until it finishes, and print a report.

    python3 examples/follow.py examples/dubjob.yaml [--outputs FOLDER]

Prints each stage as it starts and finishes, then the paths of the outputs and a short
report. If the dub fails, prints the message of the DubJob and exits with code 1.
`--outputs` is the folder of the data volume on this machine. Without it, the report contains
only the status of the DubJob. Requires kubectl.
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
    parser.add_argument("manifest", type=Path, help="file with one DubJob")
    parser.add_argument(
        "--outputs", type=Path, help="folder of the data volume, to read the report from"
    )
    parser.add_argument(
        "--timeout", type=float, default=600, help="seconds to wait; defaults to 600"
    )
    arguments = parser.parse_args()

    applied = kubectl("apply", "-f", str(arguments.manifest), "-o", "json")
    name, namespace = applied["metadata"]["name"], applied["metadata"]["namespace"]
    say(f"DubJob {namespace}/{name} applied")
    dubjob = follow(name, namespace, generation_of(applied), time.monotonic() + arguments.timeout)
    if dubjob is None:
        say(f"not finished after {arguments.timeout:.0f} s")
        say(f"for details, run: kubectl -n {namespace} describe dj {name}")
        return 1
    finished = condition(dubjob, "Finished")
    if condition(dubjob, "Complete").get("status") != "True":
        say(f"failed: {finished.get('reason')}: {finished.get('message')}")
        return 1
    print_report(dubjob, arguments.outputs)
    return 0


def follow(name: str, namespace: str, generation: int, deadline: float) -> dict[str, Any] | None:
    """Return the finished DubJob, or None if `deadline` passes first."""
    shown: dict[str, str] = {}
    last = ""
    while time.monotonic() < deadline:
        dubjob = kubectl("-n", namespace, "get", "dubjob", name, "-o", "json")
        status = dubjob.get("status", {})
        for stage in status.get("stages", []):
            line = describe(stage)
            if shown.get(stage["name"]) != line and stage["state"] != "Pending":
                shown[stage["name"]] = line
                say(f"{stage['name']:<11} {line}")
        finished = condition(dubjob, "Finished")
        waiting = finished.get("message", "The operator has not reconciled the DubJob yet.")
        if not shown and waiting != last:
            last = waiting
            say(waiting)
        if finished.get("status") == "True" and finished.get("observedGeneration", 0) >= generation:
            return dubjob
        time.sleep(POLL_SECONDS)
    return None


def describe(stage: dict[str, Any]) -> str:
    """Return a short description of the state of a stage."""
    text = "Reused" if stage.get("reused") else str(stage["state"])
    elapsed = stage.get("elapsedMilliseconds")
    if text == "Succeeded" and elapsed is not None:
        text += f" in {elapsed / 1000:.1f} s"
    if stage.get("message") and text not in ("Running", "Reused"):
        text += f": {stage['message']}"
    return text


def print_report(dubjob: dict[str, Any], volume: Path | None) -> None:
    """Print the outputs and the most important figures of a dub."""
    status = dubjob["status"]
    languages = f"{status.get('sourceLanguage', '?')} to {status['targetLanguage']}"
    print(f"\n{languages}: the dub is ready.")
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
    """Print start, speed and flags of each segment, from the report on the data volume."""
    paths = {output["name"]: output["path"] for output in status.get("outputs", [])}
    if "report" not in paths:
        return
    report = json.loads((volume / "outputs" / paths["report"]).read_text())
    for segment in report["segments"]:
        flags = ", ".join(segment.get("flags", []))
        print(f"  {segment['start']:7.2f} s  {segment['speed']:.2f}x  {flags}")


def condition(dubjob: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return the condition of type `kind`; empty if there is none yet."""
    for entry in dubjob.get("status", {}).get("conditions", []):
        if entry["type"] == kind:
            return cast("dict[str, Any]", entry)
    return {}


def generation_of(applied: dict[str, Any]) -> int:
    return int(applied["metadata"]["generation"])


def kubectl(*arguments: str) -> dict[str, Any]:
    """Run kubectl and return its JSON output; exit if it fails."""
    done = subprocess.run(["kubectl", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
    return cast("dict[str, Any]", json.loads(done.stdout))


def say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
