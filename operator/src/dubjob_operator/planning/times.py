"""Times as Kubernetes writes them."""

from __future__ import annotations

from datetime import datetime, timezone


def timestamp(now: datetime) -> str:
    """`now` as Kubernetes writes times: UTC, whole seconds."""
    return now.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse(text: str) -> datetime:
    """A time as Kubernetes writes it."""
    return datetime.fromisoformat(text)


def seconds_since(text: str | None, now: datetime) -> float:
    """Seconds from the time `text` to `now`, never negative; 0 where there is none."""
    return max((now - parse(text)).total_seconds(), 0.0) if text else 0.0
