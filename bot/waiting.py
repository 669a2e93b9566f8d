"""Tells those whose check waits for long that it does, once: also where no worker is left that could say anything."""

from __future__ import annotations

import logging
import threading

from redis.exceptions import RedisError

from bot import answers
from bot.policy import Caller
from bot.workspace import Workspace
from contract.connection import DAY, clock
from contract.health_reports import HealthReports
from contract.records import RunRecord
from contract.runs import Runs

LONG = 120.0
"""Seconds that a check may wait before its people are told."""

EVERY = 15.0
"""Seconds between two looks."""

log = logging.getLogger(__name__)


class Waiting:
    """Looks at the queue in a thread of its own. Any number of bots may: each person is told of a run by one of them."""

    def __init__(self, runs: Runs, workspace: Workspace) -> None:
        self.runs = runs
        self.workspace = workspace
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._repeat, name="waiting", daemon=True)
        self._thread.start()

    def look(self) -> None:
        """Tell all who wait for long and were not told yet. Raises RedisError where Redis fails."""
        now = clock(self.runs.redis)
        late = [record for record in self.runs.waiting() if now - record.asked > LONG]
        if late:
            log.warning("%d checks wait for longer than %d s", len(late), LONG)
        for record in (one for one in late if not one.within):
            for user in (record.user, *record.joined):
                if self._is_first(record.run, user):
                    self._tell(record, user, now)
        self._look_at_reports(now)

    def _look_at_reports(self, now: float) -> None:
        """Tell those whose report has not begun: workers begin it, so that none may be running."""
        reports = HealthReports(self.runs.redis)
        for name in reports.open():
            report = reports.get(name)
            if report is None or now - report.begun <= LONG or reports.runs(name):
                continue
            if self._is_first(name, report.user):
                caller = Caller(user=report.user, team=report.team, channel=report.channel, thread_ts=report.thread_ts)
                self.workspace.whisper(caller, answers.report_waiting(now - report.begun))

    def _is_first(self, name: str, user: str) -> bool:
        """Whether this person is still to be told of this; nobody tells them twice."""
        return bool(user) and bool(self.runs.redis.set(f"told-waiting:{name}:{user}", 1, nx=True, ex=DAY))

    def close(self) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join()

    def _tell(self, record: RunRecord, user: str, now: float) -> None:
        caller = Caller(user=user, team=record.team, channel=record.channel, thread_ts=record.thread_ts)
        message = answers.still_waiting(record, now - record.asked, self.runs.position(record))
        self.workspace.whisper(caller, message)

    def _repeat(self) -> None:
        while not self._over.wait(EVERY):
            try:
                self.look()
            except RedisError as error:
                log.warning("the queue could not be looked at: %s", type(error).__name__)
