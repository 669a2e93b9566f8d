"""Begins the reports of the schedules: each tick once, a missed one later or not at all, whoever else does the same."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime

from redis import Redis

from contract.clusters import Clusters, ClustersFile, Schedule
from contract.health_reports import HealthReport, HealthReports, identity, tick_name
from workers.schedule.ticks import next_tick, ticks

EVERY = 1.0
"""Seconds between two looks at the clock."""

CATCH_UP = 2 * 3600.0
"""Seconds within which a tick that nobody was there for is still made up for."""

NOTED = 30.0
"""How far behind the note may be of up to when the ticks were looked at, in seconds."""

ON_TIME = 60.0
"""A report that begins within so many seconds of its tick is not called late."""

log = logging.getLogger(__name__)


class Scheduler:
    """Looks at the schedules of the clusters file again and again. Any number may run."""

    def __init__(self, redis: Redis, clusters: ClustersFile, clock: Callable[[], float] = time.time) -> None:
        """clock: Unix seconds; that of this machine, as a schedule is about the time of day."""
        self.reports = HealthReports(redis)
        self.clusters = clusters
        self.clock = clock

    def round(self) -> float:
        """Begin what is due, in every schedule; the seconds until the next look. Raises RedisError."""
        clusters = self.clusters.current()
        for schedule in clusters.schedules:
            self._look(schedule, clusters)
        return EVERY

    def _look(self, schedule: Schedule, clusters: Clusters) -> None:
        """What became due since the last look. A schedule that is new has missed nothing."""
        name, now = identity(schedule), self.clock()
        diary = self.reports.diary(name)
        if not diary.seen:
            self.reports.look(name, diary, now)
            return
        due = [tick.timestamp() for tick in ticks(schedule, _moment(diary.seen), _moment(now))]
        in_time = [tick for tick in due if now - tick <= CATCH_UP]
        missed = tuple(tick for tick in due if tick not in in_time[-1:])
        if in_time:
            self._begin(schedule, clusters, in_time[-1], now, (*diary.missed, *missed))
            missed = ()
        elif missed:
            log.warning("%s: missed %s", schedule.at, ", ".join(str(_moment(tick)) for tick in missed))
        if due or now - diary.seen >= NOTED:
            self.reports.look(name, diary, now, missed)

    def _begin(
        self, schedule: Schedule, clusters: Clusters, tick: float, now: float, missed: tuple[float, ...]
    ) -> None:
        name = identity(schedule)
        report = HealthReport(
            name=tick_name(name, tick),
            clusters=tuple(entry.name for entry in clusters.of(schedule)),
            channel=schedule.channel,
            schedule=name,
            when=schedule.when,
            timezone=schedule.timezone,
            tick=tick,
            late=now - tick if now - tick > ON_TIME else 0.0,
            missed=missed,
            following=next_tick(schedule, _moment(tick)).timestamp(),
        )
        if self.reports.begin_tick(report):
            log.info("%s: begun for %d clusters", report.name, len(report.clusters))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
