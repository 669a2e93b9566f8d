"""Tells those whose check waits for long that it does, once: also where no worker is left that could say anything."""

from __future__ import annotations

import logging
import threading

from redis.exceptions import RedisError

from bot import answers
from bot.policy import Caller
from bot.workspace import Workspace
from contract.connection import DAY, clock
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
        for record in late:
            for user in (record.user, *record.joined):
                if user and self.runs.redis.set(f"told-waiting:{record.run}:{user}", 1, nx=True, ex=DAY):
                    self._tell(record, user, now)

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
