"""Times of the Kubernetes API as ages in seconds, and ages in words."""

from __future__ import annotations

import time
from datetime import UTC, datetime

LATEST = 10_000_000_000.0
"""Seconds since 1970 that no clock shows: what lies beyond was misread."""


def clock() -> float:
    """Now, in seconds since 1970: for `collect` alone, since a diagnosis has no clock."""
    return time.time()


def seconds(stamp: str) -> float | None:
    """An ISO 8601 time in seconds since 1970; None where it is empty or none."""
    try:
        found = datetime.fromisoformat(stamp.strip())
        moment = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return moment if 0 <= moment < LATEST else None


def age(stamp: str, now: float) -> float | None:
    """How many seconds ago STAMP was: at least 0, since clocks differ a little. None where it is no time."""
    moment = seconds(stamp)
    return None if moment is None else max(0.0, round(now - moment, 1))


def words(age_seconds: float | None) -> str:
    """An age as people say it: `40 s`, `12 min`, `3 h`, `5 days`."""
    if age_seconds is None:
        return "an unknown time"
    if age_seconds < 120:
        return f"{age_seconds:.0f} s"
    if age_seconds < 7200:
        return f"{age_seconds / 60:.0f} min"
    return f"{age_seconds / 3600:.0f} h" if age_seconds < 172_800 else f"{age_seconds / 86_400:.0f} days"
