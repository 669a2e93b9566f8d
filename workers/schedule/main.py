"""Starts a scheduler: its settings, its health, and its loop until it is asked to go."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from contract.clusters import ClustersFile
from contract.connection import connect
from contract.health import HealthServer, reachable, registry
from contract.redaction import log_to_stderr
from contract.refusal import Refused
from workers.schedule.scheduler import Scheduler
from workers.settings import BadSettings, ScheduleSettings

_AFTER_ERROR = 1.0

log = logging.getLogger(__name__)


def main() -> int:
    """Run until SIGTERM or SIGINT. Exit status 0 then, 2 for settings or a clusters file that are no good."""
    try:
        settings = ScheduleSettings.from_env(os.environ)
        log_to_stderr(settings.log)
        clusters = ClustersFile(Path(settings.clusters))
    except (BadSettings, Refused) as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: over.set())
    redis = connect(settings.redis_url)
    health = _health(settings.metrics, redis)
    _announce(clusters)
    repeat(Scheduler(redis, clusters), over)
    if health:
        health.close()
    return 0


def repeat(scheduler: Scheduler, over: threading.Event) -> None:
    """Look again and again until it is over. Redis may be away meanwhile: what was due then is made up for."""
    wait, away = 0.0, False
    while not over.wait(wait):
        try:
            wait = scheduler.round()
        except RedisError as problem:
            if not away:
                log.warning("Redis does not answer: %s", problem)
            wait, away = _AFTER_ERROR, True
        else:
            if away:
                log.info("Redis answers again")
            away = False


def _health(address: str, redis: Redis) -> HealthServer | None:
    """Answers at the address for metrics; the schedules are kept all the same where that is taken."""
    if not address:
        return None
    try:
        return HealthServer(address, registry(redis), lambda: reachable(redis))
    except OSError as problem:
        log.error("DNSMEDIC_METRICS: nothing can listen at %s: %s", address, problem)  # noqa: TRY400 - no bug
        return None


def _announce(clusters: ClustersFile) -> None:
    schedules = clusters.current().schedules
    for one in schedules:
        about = ", ".join(one.clusters) or "all clusters"
        log.info("every day (%s) at %s %s, into %s: %s", one.when, one.at, one.timezone, one.channel, about)
    if not schedules:
        log.warning("the clusters file has no schedules: nothing is to be done until it has")
