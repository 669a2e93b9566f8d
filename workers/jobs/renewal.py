"""Keeps a run's lease alive while its worker is, and hands the run over when the worker is asked to go."""

from __future__ import annotations

import logging
import os
import threading
import time
from types import TracebackType
from typing import Self

from redis.exceptions import RedisError

from contract.leases import Fenced, Leases
from workers.jobs.progress import Progress

EVERY = 4.0
"""Seconds between two renewals."""

GRACE = 10.0
"""Seconds that a run may go on after its worker was asked to go; a hand-over takes less than that again."""

handing_over = threading.Event()
"""Set when this process was asked to go."""

_POLL = 0.2

log = logging.getLogger(__name__)


class Renewal:
    """Renews a lease in the background for as long as the `with` block lasts."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="renewal", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _loop(self) -> None:
        leases = Leases(self.progress.runs.redis)
        due = time.monotonic() + EVERY
        asked: float | None = None
        while not self._over.wait(_POLL):
            if handing_over.is_set():
                asked = asked or time.monotonic()
                if time.monotonic() - asked > GRACE:
                    self._leave()
            if time.monotonic() >= due:
                due = time.monotonic() + EVERY
                if not _renewed(leases, self.progress):
                    return

    def _leave(self) -> None:
        """The present step does not end in time: the next worker begins it anew. Redis holds all the rest."""
        try:
            self.progress.hand_over()
            Leases(self.progress.runs.redis).release(self.progress.lease)
        except Fenced:
            log.warning("%s was taken over before it could be handed over", self.progress.lease.name)
        except RedisError as problem:
            log.warning("%s could not be handed over, so its lease runs out: %s", self.progress.lease.name, problem)
        logging.shutdown()
        os._exit(0)


def _renewed(leases: Leases, progress: Progress) -> bool:
    """Whether there is still a lease to renew."""
    try:
        return leases.renew(progress.lease)
    except RedisError as problem:
        log.warning("%s: its lease could not be renewed: %s", progress.lease.name, problem)
        return True
