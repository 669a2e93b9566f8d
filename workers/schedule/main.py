"""Starts a scheduler: its settings, its health, and its loop until it is asked to go."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from pathlib import Path

from contract.clusters import ClustersFile
from contract.connection import connect, repeat
from contract.health import reachable, registry, served
from contract.redaction import log_to_stderr
from contract.refusal import Refused
from workers.schedule.scheduler import Scheduler
from workers.settings import BadSettings, ScheduleSettings

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
    health = served(settings.metrics, registry(redis), lambda: reachable(redis))
    _announce(clusters)
    repeat(over, Scheduler(redis, clusters).round)
    if health:
        health.close()
    return 0


def _announce(clusters: ClustersFile) -> None:
    schedules = clusters.current().schedules
    for one in schedules:
        about = ", ".join(one.clusters) or "all clusters"
        log.info("every day (%s) at %s %s, into %s: %s", one.when, one.at, one.timezone, one.channel, about)
    if not schedules:
        log.warning("the clusters file has no schedules: nothing is to be done until it has")
