"""Posts about a run while it is on, so that Slack's pace does not slow the checks."""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType
from typing import Self

from redis.exceptions import RedisError

from contract.connection import clock
from contract.leases import Fenced
from contract.model import StepResult
from contract.records import RunRecord
from workers.thread import MOST_STEPS, RunThread, Sender

GATHER = 1.5
"""Steps that end within so many seconds share one reply."""

LAST_WORDS = 20.0
"""Seconds that a job waits for Slack at its end. What is left then is sent by a mailer."""

FIRST_WORDS = 0.1
"""Seconds for which the checks wait for the first post: all of them at once would only slow it down."""

_POLL = 0.25

log = logging.getLogger(__name__)


class Poster:
    """Writes a run's steps into its thread as they end, and sends them, in the background."""

    def __init__(self, sender: Sender, thread: RunThread, record: RunRecord) -> None:
        if thread.lease is None:
            raise ValueError("a poster needs the run's lease")
        self.sender, self.thread, self.lease = sender, thread, thread.lease
        self._record = record
        self._steps: list[StepResult] = []
        self._first = 0.0
        self._changed = False
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._over = threading.Event()
        self._began = threading.Event()
        self._background = threading.Thread(target=self._loop, name="poster", daemon=True)

    def __enter__(self) -> Self:
        self._background.start()
        self._began.wait(FIRST_WORDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._wake.set()
        self._background.join()

    def add(self, record: RunRecord, step: StepResult) -> None:
        """A step has ended; the record knows it already."""
        with self._lock:
            self._first = self._first if self._steps else time.monotonic()
            self._steps.append(step)
            self._record, self._changed = record, True
        self._wake.set()

    def send_rest(self) -> None:
        """Wait for Slack to take what is in the outbox, but not for ever: a mailer sends what is left."""
        give_up = time.monotonic() + LAST_WORDS
        while time.monotonic() < give_up:
            wait = self._turn()
            if wait is None:
                return
            time.sleep(min(wait, _POLL))

    def _loop(self) -> None:
        while not self._over.is_set():
            self._write_due()
            wait = self._turn()
            self._began.set()
            self._wake.wait(_POLL if wait is None else min(wait, _POLL))
            self._wake.clear()

    def _write_due(self) -> None:
        """Put gathered steps and the parent's new state into the outbox."""
        with self._lock:
            record, changed, self._changed = self._record, self._changed, False
            due = len(self._steps) >= MOST_STEPS or (self._steps and time.monotonic() - self._first >= GATHER)
            steps = self._steps[:MOST_STEPS] if due else []
            del self._steps[: len(steps)]
        try:
            if steps:
                self.thread.tell(record, steps)
            if changed:
                self.thread.refresh(record, clock(self.sender.redis))
        except Fenced:
            self._over.set()
        except RedisError as problem:
            log.warning("%s: could not write to the outbox: %s", self.lease.name, problem)

    def _turn(self) -> float | None:
        """Send one thing; seconds until the next may be sent, None where there is none."""
        try:
            return self.sender.turn(self.lease)
        except Fenced:
            self._over.set()
            return None
        except RedisError as problem:
            log.warning("%s: could not read the outbox: %s", self.lease.name, problem)
            return _POLL
