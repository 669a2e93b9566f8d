"""Finds what nobody looks after any more: runs of lost workers, runs without a job, ends that were not told."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable

from redis import Redis
from slack_sdk import WebClient

from contract.connection import clock, text
from contract.leases import Fenced, Leases
from contract.outbox import Outbox
from contract.records import LIVE, RunRecord
from contract.runs import Runs
from workers.jobs.progress import ASIDE, Progress
from workers.thread import RunThread, Sender

EVERY = 3.0
"""Seconds between two sweeps of all workers together."""

MOST_ATTEMPTS = 3
"""How often a worker may be lost with a run before the run is given up."""

MOST_DISPATCHES = 20
"""How many jobs a run may have before it is given up: nobody could even begin it."""

_PATIENCE = 10.0
_SAYING = 4.0
_POLL = 0.1
_TURN = "watchdog"

log = logging.getLogger(__name__)


class Watchdog:
    """Sweeps over the runs. Any number may: one of them at a time does."""

    def __init__(self, redis: Redis, runs: Runs, slack: WebClient) -> None:
        self.redis = redis
        self.runs = runs
        self.sender = Sender(redis, slack)
        self.leases = Leases(redis)
        self.holder = f"{ASIDE} watchdog {socket.gethostname()} {os.getpid()}"

    def sweep(self) -> None:
        """Look at every run once, unless another watchdog did just now. Raises RedisError where Redis fails."""
        if not self.redis.set(_TURN, self.holder, nx=True, px=int(EVERY * 900)):
            return
        now = clock(self.redis)
        for run in [text(run) for run in self.redis.zrange(LIVE, 0, -1)]:
            found = self.runs.get(run)
            if found is None:
                self.redis.zrem(LIVE, run)
            elif not self.leases.taken(run):
                self._look(found, now)

    def _look(self, record: RunRecord, now: float) -> None:
        """See to a run that nobody works on."""
        if not record.live:
            self._under_lease(record.run, self._tell_end)
        elif record.state == "running":
            self._under_lease(record.run, self._lost)
        elif not record.job:
            self.runs.promote(record.cluster)
        elif now - record.dispatched > _PATIENCE and self.runs.jobs.place(record.job) is None:
            self._under_lease(record.run, self._dispatch)

    def _under_lease(self, run: str, act: Callable[[Progress, RunRecord], None]) -> None:
        """Act on the run as it stands once it is ours, which keeps any other worker from it."""
        lease = self.leases.take(run, self.holder)
        if lease is None:
            return
        try:
            if record := self.runs.get(run):
                act(Progress(self.runs, lease), record)
        except Fenced:
            log.info("%s was taken over meanwhile", run)
        finally:
            self.leases.release(lease)

    def _lost(self, progress: Progress, record: RunRecord) -> None:
        """Its worker is gone: the next goes on, and the parent says so; or it is given up."""
        if record.attempts >= MOST_ATTEMPTS:
            log.error("%s is given up: %s workers were lost with it", record.run, record.attempts)
            ended = progress.end(record, "given-up", None, f"{record.attempts} workers were lost with this check.")
            self._tell_end(progress, ended)
            return
        log.warning("%s: its worker is lost, resuming after %s steps", record.run, len(record.steps))
        lost = progress.lost(record)
        RunThread(Outbox(self.redis), progress.lease).begin(lost, clock(self.redis))
        self._say(progress)
        progress.dispatch_again(lost)

    def _say(self, progress: Progress) -> None:
        """Let Slack have the parent's new state before the next worker replaces it; but the run does not wait long."""
        give_up = time.monotonic() + _SAYING
        while time.monotonic() < give_up:
            said = not self.sender.outbox.thread(progress.lease.name).edit
            if said or (wait := self.sender.turn(progress.lease)) is None:
                return
            time.sleep(min(wait, _POLL))

    def _dispatch(self, progress: Progress, record: RunRecord) -> None:
        """Its job is gone: another is queued."""
        if record.dispatches >= MOST_DISPATCHES:
            log.error("%s is given up: %s jobs of it did not begin", record.run, record.dispatches)
            ended = progress.end(record, "given-up", None, "No worker could begin this check.")
            self._tell_end(progress, ended)
            return
        log.warning("%s: its job is gone, queued again", record.run)
        progress.dispatch_again(record)

    def _tell_end(self, progress: Progress, record: RunRecord) -> None:
        """It has ended, but its worker died before all of that was said."""
        thread = RunThread(Outbox(self.redis), progress.lease)
        if not record.parent_ts:
            thread.begin(record, record.ended)
        thread.end(record)
        progress.settled(record)
