"""Health reports: which clusters one is about, the runs that it waits for, and what the one before it said.

A report of a schedule is begun by its tick, in one write with the tick's key: so each tick has one report, whoever is
killed meanwhile. The runs of a report say nothing in Slack by themselves. Who takes it to its end is `workers/jobs`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
from redis import Redis
from redis.client import Pipeline

from contract.clusters import Schedule
from contract.connection import DAY, QUARTER, atomically, clock, store, text
from contract.decoding import learn
from contract.model import Status
from contract.outbox import Outbox
from contract.refusal import Refused

OPEN = "reports"
"""The reports that have not been posted yet, by the time they were begun."""

MUTED_SECONDS = DAY

MOST_OPEN, MOST_PER_USER = 20, 2
"""Reports that may be under way at a time: of everybody, and of one person."""

_TICK_SECONDS = 7 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthReport:
    """One report. Times are Unix seconds, 0 for none.

    name: its id. schedule: whose it is, "" where a person asked. user: who asked, "" for a schedule. when: as in the
    clusters file. timezone: for the date in its title. tick: when it was due. begun: by the clock of Redis. late:
    seconds between the two, 0 within the first minute. missed: ticks before it that nobody was there for. following:
    the schedule's next tick.
    """

    name: str
    clusters: tuple[str, ...]
    channel: str
    schedule: str = ""
    user: str = ""
    team: str = ""
    thread_ts: str = ""
    when: str = "always"
    timezone: str = "UTC"
    tick: float = 0.0
    begun: float = 0.0
    late: float = 0.0
    missed: tuple[float, ...] = ()
    following: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a cluster stood in the last report. p95: seconds, 0 where nothing was measured."""

    status: Status
    p95: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Diary:
    """What is known of a schedule. seen: up to when its ticks were looked at. last: the report before, "" for none."""

    seen: float = 0.0
    missed: tuple[float, ...] = ()
    last: str = ""


learn(HealthReport)
learn(Standing)
learn(Diary)


def identity(schedule: Schedule) -> str:
    """The same for a schedule as long as its time and place are: other clusters or days do not make it another one."""
    words = f"{schedule.kind}\n{schedule.at}\n{schedule.timezone}\n{schedule.channel}"
    return hashlib.sha256(words.encode()).hexdigest()[:12]


def asked_name(request: str) -> str:
    """The name of the report that a person asked for: the same for the same request, which may be sent again."""
    return f"report_{hashlib.sha256(request.encode()).hexdigest()[:12] if request else secrets.token_hex(6)}"


def tick_name(schedule: str, tick: float) -> str:
    """The name of a schedule's report for that tick."""
    return f"report_{schedule}_{int(tick)}"


class HealthReports:
    """The reports in Redis. Each method raises RedisError where Redis fails."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis

    def diary(self, schedule: str) -> Diary:
        """What is known of a schedule; `seen` is 0 for one that nobody looked at before."""
        held = self.redis.hgetall(_diary(schedule))
        fields = {text(name): text(value) for name, value in held.items()}
        missed = msgspec.json.decode(fields.get("missed") or "[]", type=tuple[float, ...])
        return Diary(seen=float(fields.get("seen") or 0), missed=missed, last=fields.get("last", ""))

    def look(self, schedule: str, before: Diary, now: float, missed: tuple[float, ...] = ()) -> None:
        """Note that the ticks up to now were looked at, and which of them were missed.

        Nothing is noted where somebody else did so since `before` was read: the next look sees what they noted.
        """

        def work(pipe: Pipeline) -> None:
            if float(text(pipe.hget(_diary(schedule), "seen")) or 0) != before.seen:
                return
            pipe.multi()
            fields: dict[str, str | bytes | float] = {"seen": repr(max(now, before.seen))}
            if missed:
                fields["missed"] = msgspec.json.encode((*before.missed, *missed))
            store(pipe, _diary(schedule), fields, QUARTER)

        atomically(self.redis, work, _diary(schedule))

    def begin_tick(self, report: HealthReport) -> bool:
        """Begin the report of a tick; False where that tick has one. What was missed before it is then told."""
        tick = f"tick:{report.schedule}:{int(report.tick)}"
        now = clock(self.redis)

        def work(pipe: Pipeline) -> bool:
            if pipe.exists(tick):
                return False
            pipe.multi()
            pipe.set(tick, report.name, ex=_TICK_SECONDS, nx=True)
            pipe.hdel(_diary(report.schedule), "missed")
            self._write(pipe, report, now)
            return True

        return atomically(self.redis, work, tick)

    def begin(self, report: HealthReport) -> None:
        """Begin a report that a person asked for, unless it was begun already.

        Raises Refused where this person, or everybody together, has too many under way.
        """
        now = clock(self.redis)

        def work(pipe: Pipeline) -> None:
            if pipe.exists(_key(report.name)):
                return
            under_way = [self.get(name) for name in self.open()]
            if len(under_way) >= MOST_OPEN:
                raise Refused(f"dnsmedic is busy: {MOST_OPEN} reports are under way. Ask again in a few minutes.")
            if sum(one is not None and one.user == report.user for one in under_way) >= MOST_PER_USER:
                raise Refused(f"You have {MOST_PER_USER} reports under way. Wait for one of them.")
            pipe.multi()
            self._write(pipe, report, now)

        atomically(self.redis, work, _key(report.name), OPEN)

    @staticmethod
    def _write(pipe: Pipeline, report: HealthReport, now: float) -> None:
        pipe.set(_key(report.name), msgspec.json.encode(replace(report, begun=now)), ex=QUARTER)
        pipe.zadd(OPEN, {report.name: now})
        pipe.expire(OPEN, QUARTER)
        Outbox.address(
            pipe, report.name, team=report.team, channel=report.channel, thread_ts=report.thread_ts, user=report.user
        )

    def get(self, name: str) -> HealthReport | None:
        """The report of this name; None where none is kept, or one that this version cannot read."""
        held = self.redis.get(_key(name))
        try:
            return msgspec.json.decode(held, type=HealthReport) if isinstance(held, bytes) else None
        except ValueError:
            return None

    def open(self) -> tuple[str, ...]:
        """The names of those that have not been posted yet, oldest first."""
        return tuple(text(name) for name in self.redis.zrange(OPEN, 0, -1))

    def runs(self, name: str) -> dict[str, str]:
        """The runs of a report by their clusters, as far as they have been asked for."""
        return {text(cluster): text(run) for cluster, run in self.redis.hgetall(_runs(name)).items()}

    def asked(self, name: str) -> int:
        """For how many of its clusters a report has asked; they are asked for in their order."""
        return int(self.redis.hlen(_runs(name)))

    def assign(self, name: str, cluster: str, run: str) -> None:
        """Note the run for a cluster of a report."""
        with self.redis.pipeline() as pipe:
            store(pipe, _runs(name), {cluster: run}, QUARTER)
            pipe.execute()

    def standings(self, schedule: str) -> dict[str, Standing]:
        """How each cluster stood in the schedule's last report."""
        held = self.redis.hgetall(_standings(schedule)) if schedule else {}
        return {text(cluster): msgspec.json.decode(one, type=Standing) for cluster, one in held.items()}

    def muted(self, channel: str, clusters: Sequence[str]) -> frozenset[str]:
        """Those of the clusters that nobody in this channel wants to hear of now."""
        held = self.redis.mget([_muted(channel, cluster) for cluster in clusters]) if clusters else []
        return frozenset(cluster for cluster, one in zip(clusters, held, strict=True) if one)

    def mute(self, channel: str, cluster: str, *, user: str) -> None:
        """Say no more of a cluster in this channel's reports than that it is muted, for a day."""
        self.redis.set(_muted(channel, cluster), user or "?", ex=MUTED_SECONDS)

    def unmute(self, channel: str, cluster: str) -> bool:
        """Take that back; False where it was not muted."""
        return bool(self.redis.delete(_muted(channel, cluster)))

    def end(self, report: HealthReport, standings: Mapping[str, Standing]) -> None:
        """All of the report is in the outbox; the next one of its schedule is compared with these standings."""
        with self.redis.pipeline() as pipe:
            pipe.zrem(OPEN, report.name)
            if report.schedule:
                held: dict[str, str | bytes | float] = {
                    cluster: msgspec.json.encode(one) for cluster, one in standings.items()
                }
                pipe.delete(_standings(report.schedule))
                if held:
                    store(pipe, _standings(report.schedule), held, QUARTER)
                store(pipe, _diary(report.schedule), {"last": report.name}, QUARTER)
            pipe.execute()


def _key(name: str) -> str:
    return f"report:{name}"


def _runs(name: str) -> str:
    return f"report:{name}:runs"


def _diary(schedule: str) -> str:
    return f"schedule:{schedule}"


def _standings(schedule: str) -> str:
    return f"schedule:{schedule}:standings"


def _muted(channel: str, cluster: str) -> str:
    return f"muted:{channel}:{cluster}"
