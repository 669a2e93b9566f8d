"""When a schedule is due: its ticks, computed in its own time zone. Pure, and in UTC from here on.

A daily time has one tick on each local date. Where the clocks go forward over it, the tick is the moment at which they
do; where they go back over it, it is the first of the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from contract.clusters import Schedule

_FRIDAY = 4
_LONGEST_WAIT = 15
"""Days within which every schedule has a tick: a zone may skip a date, and weekends count."""


def ticks(schedule: Schedule, after: datetime, until: datetime) -> tuple[datetime, ...]:
    """The ticks in (after, until], oldest first. Both aware."""
    first, last = (_local(schedule, moment).date() for moment in (after, until))
    dates = (first + timedelta(days=day) for day in range(-1, (last - first).days + 2))
    return tuple(tick for tick in _on(schedule, dates) if after < tick <= until)


def next_tick(schedule: Schedule, after: datetime) -> datetime:
    """The first tick after that moment."""
    return ticks(schedule, after, after + timedelta(days=_LONGEST_WAIT))[0]


def _on(schedule: Schedule, dates: Iterator[date]) -> Iterator[datetime]:
    for day in dates:
        if schedule.when != "weekdays" or day.weekday() <= _FRIDAY:
            yield instant(day, schedule.time, ZoneInfo(schedule.timezone))


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """That local time of that date, in UTC; the end of the gap where clocks skip it, the first where it comes twice."""
    naive = datetime.combine(day, at)
    early = naive.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if early.astimezone(zone).replace(tzinfo=None) == naive:
        return early
    return _end_of_gap(naive.replace(tzinfo=zone, fold=1).astimezone(UTC), early, zone)


def _end_of_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The moment between these two at which the clocks of the zone go forward, to the second."""
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def _local(schedule: Schedule, moment: datetime) -> datetime:
    return moment.astimezone(ZoneInfo(schedule.timezone))
