"""The schedules: each tick once, in the right moment, whoever dies and whatever the clocks do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from redis import Redis

from contract import crashpoints
from contract.clusters import ClustersFile, Schedule
from contract.connection import repeat
from contract.health_reports import HealthReports, identity, tick_name
from tests import spine
from workers.schedule.scheduler import Scheduler
from workers.schedule.ticks import next_tick, ticks

FILE = """
clusters:
  cluster-a: {region: us-east-1}
  cluster-b: {region: us-east-1}
schedules:
  - {kind: health, at: "09:00", timezone: Europe/Paris, channel: C0HEALTH, clusters: all}
"""
PARIS = ZoneInfo("Europe/Paris")
NINE = datetime(2026, 11, 23, 9, tzinfo=PARIS).timestamp()
HOUR = 3600.0
ZONES = ("Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago", "UTC")


def schedule(at: str = "09:00", zone: str = "Europe/Paris", when: str = "always") -> Schedule:
    """A schedule of that time and place."""
    return Schedule(kind="health", at=at, timezone=zone, channel="C0HEALTH", when=when)


class Clock:
    """A clock that stands until it is set."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        """Unix seconds."""
        return self.now


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A clusters file with one schedule."""
    path = tmp_path / "clusters.yaml"
    path.write_text(FILE)
    return path


@pytest.fixture
def made(redis: Redis, file: Path) -> Callable[[float], tuple[Scheduler, Clock]]:
    """Makes schedulers, each with a clock of its own."""

    def make(now: float) -> tuple[Scheduler, Clock]:
        clock = Clock(now)
        return Scheduler(redis, ClustersFile(file), clock), clock

    return make


def begun(redis: Redis) -> list[float]:
    """The ticks that have a report."""
    reports = HealthReports(redis)
    found = [report for name in reports.open() if (report := reports.get(name))]
    return [report.tick for report in found]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("at", ["00:00", "02:15", "02:30", "03:00", "09:00", "23:59"])
def test_each_local_date_has_one_tick(zone: str, at: str) -> None:
    """Over three years, with all changes of the clocks: one a date, at its time, or right after the gap that skips it."""
    there = ZoneInfo(zone)
    first, last = datetime(2026, 1, 1, tzinfo=there), datetime(2029, 1, 1, tzinfo=there)
    local = [tick.astimezone(there) for tick in ticks(schedule(at, zone), first - timedelta(seconds=1), last)]
    local = [one for one in local if one < last]

    assert [date(2026, 1, 1) + timedelta(days=day) for day in range(1096)] == [one.date() for one in local]
    wrong = [one for one in local if f"{one:%H:%M:%S}" != f"{at}:00"]
    assert len(wrong) <= 3
    for one in wrong:
        earlier = (one.astimezone(UTC) - timedelta(seconds=1)).astimezone(there)
        assert earlier.utcoffset() != one.utcoffset(), f"{one} is not the end of a gap"
    assert all(one.fold == 0 for one in local)


def test_on_weekdays_there_is_none_at_the_weekend() -> None:
    """Monday to Friday by the local date."""
    found = ticks(schedule("00:30", "Asia/Kathmandu", "weekdays"), _utc(2026, 11, 1), _utc(2026, 11, 30))

    days = [tick.astimezone(ZoneInfo("Asia/Kathmandu")).weekday() for tick in found]
    assert set(range(5)) == set(days)
    assert 20 <= len(days) <= 21


def test_the_next_tick_follows() -> None:
    """The next one is never the present one, and waits for Monday where it has to."""
    friday = datetime(2026, 11, 27, 9, tzinfo=PARIS)

    assert datetime(2026, 11, 30, 9, tzinfo=PARIS) == next_tick(schedule(when="weekdays"), friday)
    assert friday == next_tick(schedule(), friday - timedelta(microseconds=1))


def test_a_tick_begins_one_report(redis: Redis, made: Callable[[float], tuple[Scheduler, Clock]]) -> None:
    """Three schedulers that look at the same moment, and again: one report, with what is to be known of it."""
    schedulers = [made(NINE - 1) for _ in range(3)]
    for moment in (NINE - 1, NINE, NINE + 1, NINE + 40, NINE + 3 * HOUR):
        for scheduler, clock in schedulers:
            clock.now = moment
            scheduler.round()
    report = HealthReports(redis).get(tick_name(identity(schedule()), NINE))

    assert [NINE] == begun(redis)
    assert report is not None
    assert (("cluster-a", "cluster-b"), "C0HEALTH", 0.0, ()) == (
        report.clusters, report.channel, report.late, report.missed,
    )  # fmt: skip
    assert NINE + 24 * HOUR == report.following


def test_many_at_once_begin_three_reports_in_three_days(
    redis: Redis, made: Callable[[float], tuple[Scheduler, Clock]]
) -> None:
    """Eight schedulers side by side over three ticks: three reports."""
    schedulers = [made(NINE - 1) for _ in range(8)]
    for scheduler, _ in schedulers:
        scheduler.round()
    for day in range(3):
        for _, clock in schedulers:
            clock.now = NINE + day * 24 * HOUR
        threads = [threading.Thread(target=scheduler.round) for scheduler, _ in schedulers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert [NINE + day * 24 * HOUR for day in range(3)] == begun(redis)


def test_a_schedule_that_is_new_missed_nothing(redis: Redis, made: Callable[[float], tuple[Scheduler, Clock]]) -> None:
    """At the first look ever, what was before is none of its business."""
    scheduler, _ = made(NINE + 60)
    scheduler.round()

    assert [] == begun(redis)


def test_a_missed_tick_is_made_up_for_once(redis: Redis, made: Callable[[float], tuple[Scheduler, Clock]]) -> None:
    """Down from 08:59 to 09:07: one report, called late; the same with another scheduler."""
    made(NINE - 60)[0].round()
    for _ in range(2):
        made(NINE + 7 * 60)[0].round()
    report = HealthReports(redis).get(tick_name(identity(schedule()), NINE))

    assert [NINE] == begun(redis)
    assert report is not None
    assert 7 * 60 == report.late


def test_a_tick_missed_for_long_is_told_by_the_next(
    redis: Redis, made: Callable[[float], tuple[Scheduler, Clock]]
) -> None:
    """Down for five hours: no report for that tick, and the next one says so; the one after does not."""
    made(NINE - 60)[0].round()
    scheduler, clock = made(NINE + 5 * HOUR)
    scheduler.round()

    assert [] == begun(redis)
    missed = []
    for day in (1, 2):
        clock.now = NINE + day * 24 * HOUR
        scheduler.round()
        report = HealthReports(redis).get(tick_name(identity(schedule()), clock.now))
        missed.append(report.missed if report else None)
    assert [(NINE,), ()] == missed


def test_after_days_away_only_the_last_tick_is_made_up_for(
    redis: Redis, made: Callable[[float], tuple[Scheduler, Clock]]
) -> None:
    """Down over three ticks, back an hour after the last: one report, which tells of the two others."""
    made(NINE - 60)[0].round()
    made(NINE + 49 * HOUR)[0].round()
    report = HealthReports(redis).get(tick_name(identity(schedule()), NINE + 48 * HOUR))

    assert [NINE + 48 * HOUR] == begun(redis)
    assert report is not None
    assert (HOUR, (NINE, NINE + 24 * HOUR)) == (report.late, report.missed)


@pytest.mark.parametrize("jump,expected", [(-HOUR, 1), (HOUR, 1)])
def test_a_clock_that_jumps_starts_no_storm(
    redis: Redis, made: Callable[[float], tuple[Scheduler, Clock]], jump: float, expected: int
) -> None:
    """An hour back after the tick, or forward over it and back again: one report."""
    scheduler, clock = made(NINE - 1800)
    scheduler.round()
    path = (NINE, NINE + 1800, NINE + 1800 + jump, NINE + 1, NINE + 2 * HOUR) if jump < 0 else (
        NINE - 1800 + jump, NINE - 1700, NINE, NINE + 1800,
    )  # fmt: skip
    for clock.now in path:
        scheduler.round()

    assert expected == len(begun(redis))


def test_other_clusters_do_not_make_it_another_schedule(
    redis: Redis, made: Callable[[float], tuple[Scheduler, Clock]], file: Path
) -> None:
    """A change of the file after the tick does not post it again; one of the time begins anew."""
    scheduler, clock = made(NINE - 1)
    for clock.now in (NINE - 1, NINE):
        scheduler.round()
    file.write_text(FILE.replace("clusters: all", "clusters: [cluster-a], when: on-change"))
    other, _ = made(NINE + 5)
    other.round()
    file.write_text(FILE.replace("09:00", "08:59"))
    other, _ = made(NINE + 5)
    other.round()

    assert [NINE] == begun(redis)


def _crash(url: str, path: str, point: int) -> None:
    """Look at the schedules, and die at that crash point on the way."""
    os.environ["DNSMEDIC_CRASH_AT"] = str(point)
    import importlib

    importlib.reload(crashpoints)
    from contract.connection import connect

    Scheduler(connect(url), ClustersFile(Path(path)), lambda: NINE).round()


@pytest.mark.parametrize("point", range(1, 6))
def test_a_scheduler_that_is_killed_on_the_way_loses_no_tick(
    redis: Redis, redis_url: str, made: Callable[[float], tuple[Scheduler, Clock]], file: Path, point: int
) -> None:
    """Killed before or after each write: the next one posts the tick, once."""
    made(NINE - 1)[0].round()
    program = f"from tests import test_schedule; test_schedule._crash({redis_url!r}, {str(file)!r}, {point})"
    subprocess.run([sys.executable, "-c", program], timeout=60, check=False)
    made(NINE + 30)[0].round()

    assert [NINE] == begun(redis)


def test_a_redis_that_is_away_costs_no_tick(
    made: Callable[[float], tuple[Scheduler, Clock]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop goes on while Redis fails, and looks again."""
    from redis.exceptions import ConnectionError as Away

    scheduler, _ = made(NINE)
    over, looks = threading.Event(), []

    def look() -> float:
        looks.append(1)
        if len(looks) == 1:
            raise Away("gone")
        over.set()
        return 0.0

    monkeypatch.setattr(scheduler, "round", look)
    repeat(over, scheduler.round)

    assert 2 == len(looks)


def test_the_process_begins_what_is_due_and_goes_when_asked(redis: Redis, redis_url: str, tmp_path: Path) -> None:
    """`dnsmedic scheduler` with a schedule for now: a report within its first looks; SIGTERM ends it with 0."""
    path = tmp_path / "clusters.yaml"
    soon = datetime.now(UTC) + timedelta(minutes=1)
    path.write_text(FILE.replace("09:00", f"{soon:%H:%M}").replace("Europe/Paris", "UTC"))
    own = Schedule(kind="health", at=f"{soon:%H:%M}", timezone="UTC", channel="C0HEALTH")
    redis.hset(f"schedule:{identity(own)}", "seen", str(soon.timestamp() - 600))
    moved = (
        "import sys, time; real = time.time; time.time = lambda: real() + 60; "
        "from dnsmedic.__main__ import main; sys.argv = ['dnsmedic', 'scheduler']; main()"
    )
    environment = {"REDIS_URL": redis_url, "DNSMEDIC_CLUSTERS": str(path), "PATH": os.environ["PATH"]}
    process = subprocess.Popen([sys.executable, "-c", moved], env=environment, stderr=subprocess.PIPE)
    try:
        spine.until(lambda: begun(redis))
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()

    assert 0 == process.returncode
    assert b"into C0HEALTH: all clusters" in said
    assert [soon.replace(second=0, microsecond=0).timestamp()] == begun(redis)


def test_a_scheduler_says_what_it_lacks() -> None:
    """Each mistake at once, exit status 2; it asks neither for Slack's tokens nor for the key."""
    environment = {"PATH": os.environ["PATH"], "DNSMEDIC_METRICS": "nowhere"}
    done = subprocess.run(
        [sys.executable, "-m", "dnsmedic", "scheduler"], env=environment, capture_output=True, text=True, check=False
    )

    assert 2 == done.returncode
    assert ["REDIS_URL", "DNSMEDIC_CLUSTERS", "DNSMEDIC_METRICS"] == [
        line.split()[0] for line in done.stderr.splitlines()
    ]


def _utc(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)
