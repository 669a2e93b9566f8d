"""Starts a worker: its settings, its tools, its attendant, and rq's loop until it is asked to go."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType

from redis import Redis
from redis.exceptions import RedisError
from rq.job import Job

from contract.connection import connect
from contract.leases import Leases
from contract.redaction import log_to_stderr
from contract.refusal import Refused
from contract.signing import Key
from workers import jobs
from workers.jobs import Tools
from workers.settings import BadSettings, Settings
from workers.worker.attendant import Attendant
from workers.worker.horses import horseman

PATIENCE = 60.0
"""Seconds that jobs wait for a Redis that is away."""

_PAUSE = 1.0

log = logging.getLogger(__name__)


def main() -> int:
    """Run until SIGTERM or SIGINT. Exit status 0 then, 2 for settings or a clusters file that are no good."""
    try:
        settings = Settings.from_env(os.environ)
    except BadSettings as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    from workers.worker.production import tools  # noqa: PLC0415 - heavy, and not needed to say what is wrong above

    log_to_stderr(settings.log)
    try:
        made, janitor = tools(settings)
    except Refused as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    return serve(settings, made, janitor=janitor)


def serve(settings: Settings, tools: Tools, *, janitor: Callable[[], None] | None = None) -> int:
    """Work with these tools until SIGTERM or SIGINT; 0 then. Whatever is imported by now is shared with all jobs."""
    jobs.prepare(tools)
    gc.collect()
    gc.freeze()
    asked_to_go: list[int] = []

    def go(number: int, _frame: FrameType | None) -> None:
        asked_to_go.append(number)
        raise KeyboardInterrupt

    attendant = _Attended(Attendant(tools, settings.metrics, janitor))
    redis = connect(settings.redis_url, patience=PATIENCE, timeout=30.0)
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            signal.signal(signal.SIGTERM, go)
            signal.signal(signal.SIGINT, go)
            if _worked(redis, settings.key, attendant, tools):
                break
            time.sleep(_PAUSE)
    attendant.end()
    return 0


def _worked(redis: Redis, key: Key, attendant: _Attended, tools: Tools) -> bool:
    """Whether rq's loop ended because it was asked to; it also ends where Redis fails for long."""
    attendant.see()
    try:
        worker = horseman(redis, key, killed=lambda job: _killed(tools, job), attend=attendant.see)
        worker.work(with_scheduler=True, logging_level=None)
    except RedisError as problem:
        log.warning("Redis does not answer: %s", problem)
        return False
    return worker.asked_to_go


def _killed(tools: Tools, job: Job) -> None:
    """A job's process died: its lease ends now, so that the watchdog sees to its run at once."""
    Leases(tools.redis).end(str(job.args[0]), job.id)


class _Attended:
    """Keeps an attendant alive beside the worker."""

    def __init__(self, attendant: Attendant) -> None:
        self.attendant = attendant
        self.process = attendant.fork()

    def see(self) -> None:
        """Begin another where the last one died."""
        if not self.process.is_alive():
            log.error("the attendant died (%s); another begins", self.process.exitcode)
            self.process = self.attendant.fork()

    def end(self) -> None:
        """Ask it to go, and wait for that."""
        self.process.terminate()
        self.process.join(5)
