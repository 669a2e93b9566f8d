"""The time as the pretend Slack sees it, so that tests can move it."""

from __future__ import annotations

import time
from threading import Condition, Event
from typing import Protocol


class Clock(Protocol):
    """Where the sandbox gets the time from."""

    def now(self) -> float:
        """Seconds since 1970."""

    def wait(self, seconds: float, closing: Event) -> bool:
        """Wait that long; False where `closing` came first."""


class WallClock:
    """The machine's own time."""

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def wait(self, seconds: float, closing: Event) -> bool:
        """Wait that long; False where `closing` came first."""
        return not closing.wait(seconds)


class ManualClock:
    """A time that stands still until `advance` moves it. It starts now: apps check signatures against real time."""

    def __init__(self, start: float | None = None) -> None:
        self._now = time.time() if start is None else start
        self._moved = Condition()

    def now(self) -> float:
        """Seconds since 1970."""
        with self._moved:
            return self._now

    def advance(self, seconds: float) -> None:
        """Move the time forward and wake everything that waits for it."""
        with self._moved:
            self._now += seconds
            self._moved.notify_all()

    def wait(self, seconds: float, closing: Event) -> bool:
        """Wait until the time was moved that far; False where `closing` came first."""
        with self._moved:
            until = self._now + seconds
            while self._now < until and not closing.is_set():
                self._moved.wait(0.05)
            return not closing.is_set()
