"""The process beside a worker that watches over runs, sends what is left, and answers whether all is well.

It is a process of its own, since the worker forks one for each job, and forking with threads about is asking for trouble.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass

from contract.connection import AFTER_ERROR, repeat
from contract.health import reachable, registry, served
from workers.jobs import Tools
from workers.jobs.reporting import Reporter
from workers.worker.horses import die_with_parent
from workers.worker.mailer import Mailer
from workers.worker.watchdog import EVERY, Watchdog

JANITOR_EVERY = 300.0
"""Seconds between two looks for what lost runs left in the clusters."""


@dataclass(frozen=True, slots=True)
class Attendant:
    """What runs beside a worker. metrics: HOST:PORT, or "". janitor: removes what lost runs left in the clusters."""

    tools: Tools
    metrics: str = ""
    janitor: Callable[[], None] | None = None

    def fork(self) -> multiprocessing.process.BaseProcess:
        """Begin, in a process that ends when this one does."""
        fork = multiprocessing.get_context("fork")
        process = fork.Process(target=self._run, args=(os.getpid(),), name="attendant", daemon=True)
        process.start()
        return process

    def _run(self, parent: int) -> None:
        die_with_parent(parent)
        over = threading.Event()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda _number, _frame: over.set())
        served(self.metrics, registry(self.tools.redis), lambda: reachable(self.tools.redis))
        mailer = Mailer(self.tools.redis, self.tools.slack)
        reporter = Reporter(self.tools)
        background = [
            threading.Thread(target=repeat, args=(over, mailer.round), name="mailer", daemon=True),
            threading.Thread(target=repeat, args=(over, reporter.round), name="reporter", daemon=True),
        ]
        if self.janitor:
            clean = threading.Thread(target=repeat, args=(over, self._clean), name="janitor", daemon=True)
            background.append(clean)
        for thread in background:
            thread.start()
        watchdog = Watchdog(self.tools.redis, self.tools.runs, self.tools.slack)
        repeat(over, lambda: _then(watchdog.sweep, EVERY))
        for thread in background:
            thread.join(AFTER_ERROR)

    def _clean(self) -> float:
        return _then(self.janitor, JANITOR_EVERY) if self.janitor else JANITOR_EVERY


def _then(act: Callable[[], None], wait: float) -> float:
    act()
    return wait
