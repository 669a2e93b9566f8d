"""The runs: who asked what, and which of them is on. What a worker does to a run is in `workers/jobs`.

Redis holds the truth of a run; an rq job only carries its id to a worker. A cluster has one run at a time: its `claim`.
Record, claim and job are written at once, so that a crash leaves all of them or none.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from redis import Redis
from redis.client import Pipeline

from contract import records, reruns
from contract.blocks.views import ACTIVE
from contract.connection import DAY, QUARTER, answered, atomically, clock, store, text
from contract.guarded import NOW, Guarded
from contract.jobs import CHECK_CLUSTER, Jobs
from contract.model import Question
from contract.outbox import Outbox
from contract.records import LIVE, RunRecord, joined_key, key, outbox_key
from contract.refusal import Refused
from contract.signing import Key

MOST_LIVE = 200
"""Runs that may wait or be on, of everybody."""

MOST_PER_USER = 10
"""Runs that may wait or be on, of one person."""

MOST_LATELY = 10
"""Runs of one person that are remembered as theirs after they have ended."""

REQUEST_SECONDS = 3600
"""How long a request that is sent again is known for the same. Slack repeats one for six minutes at the most."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of a question.

    joined: a run that answers it was there already. position: how many starts away it is, among all runs where its
    cluster is free, else among those that wait for its cluster; 0 for one that is on. parent_ts: its message in
    `channel`, "" before it has one.
    """

    run: str
    joined: bool
    position: int
    parent_ts: str
    channel: str


def new_run() -> str:
    """An id for a run that no other has."""
    return f"run_{base64.b32encode(secrets.token_bytes(5)).decode().lower()}"


class Runs:
    """Runs to be asked for, looked at, stopped. Each method raises RedisError where Redis fails."""

    def __init__(self, redis: Redis, key: Key) -> None:
        self.redis = redis
        self.jobs = Jobs(redis, key)
        self._guarded = Guarded(redis)

    def ask(
        self,
        question: Question,
        *,
        user: str,
        team: str,
        channel: str,
        thread_ts: str = "",
        request: str = "",
        again: RunRecord | None = None,
        within: str = "",
    ) -> Asked:
        """Start a run, or queue it behind the cluster's present one, or join the run that answers the same question.

        user: "" for a schedule. thread_ts: the thread to answer in, else a new one in the channel. request: what
        Slack's repetitions of one request have in common; the same request gets the same run. again: the run that is
        repeated; the new one goes on under its message. within: the health report that it is for; such a run says
        nothing in Slack itself, and nobody joins it. Raises Refused where this person, or everybody together, has
        too many runs waiting.
        """
        record = RunRecord(
            run=new_run(),
            question=question,
            state="queued",
            user=user,
            team=team,
            channel=channel,
            thread_ts=thread_ts,
            asked=0.0,
            within=within,
        )
        begun = None if again else self._begin(record, request)
        if begun:
            return begun
        watched = self._decisive(record, request)
        watched += [outbox_key(reruns.first_of(again))] if again else []
        tell, answers = answered(self.redis, lambda pipe: self._ask(pipe, record, request, again), *watched)
        return tell(answers)

    @staticmethod
    def _decisive(record: RunRecord, request: str) -> list[str]:
        """The keys that decide what becomes of a question."""
        return [f"request:{request}", key(record.run), _claim(record.cluster), _waiting(record.cluster)]

    def _begin(self, record: RunRecord, request: str) -> Asked | None:
        """Start a run at once where its cluster is free and there is room; None where there is more to decide.

        It is what happens nearly always, and Slack waits: so it takes one round trip.
        """
        with self.redis.pipeline() as pipe:
            pipe.multi()
            self._write(pipe, record, NOW, claim=True)
            if request:
                _remember(pipe, request, record.run, "asked")
            self.jobs.count(pipe)
            room = {LIVE: MOST_LIVE} | ({_mine(record.user): MOST_PER_USER} if record.user else {})
            written = self._guarded.write(pipe, self._decisive(record, request), room)
        return Asked(record.run, False, max(1, int(written[1])), "", record.channel) if written else None

    def _ask(
        self, pipe: Pipeline, record: RunRecord, request: str, again: RunRecord | None
    ) -> Callable[[list[Any]], Asked]:
        """Queue what starts or joins a run; what comes back tells what became of the question, from Redis' answers.

        All that is to be known is read in one round trip: Slack waits for the answer.
        """
        seen = self._seen(record, request)
        if seen.earlier:
            earlier, _, how = seen.earlier.partition(" ")
            return lambda _: self._asked(earlier, joined=how == "joined")
        if seen.written:
            return lambda _: self._asked(record.run, joined=False)
        record = replace(record, asked=seen.now)
        present, waiting = self._living(seen.claimed, seen.waiting)
        same = next((one for one in (*present, *waiting) if _answers(one, record)), None)
        if same is None:
            _refuse_too_many(seen, record.user)
        where = reruns.place(self.redis, again) if again and not same else None
        record = reruns.placed(record, where)
        pipe.multi()
        if same:
            _join(pipe, same, record)
        else:
            self._write(pipe, record, record.asked, claim=not present)
        if where:
            reruns.take_over(pipe, record, where)
        run, how = (same.run, "joined") if same else (record.run, "asked")
        if request:
            _remember(pipe, request, run, how)
        if same:
            return lambda _: self._asked(same.run, joined=True)
        parent_ts = where.parent_ts if where else ""
        if present:
            return lambda _: Asked(record.run, False, len(waiting) + 1, parent_ts, record.channel)
        self.jobs.count(pipe)
        return lambda answers: Asked(record.run, False, max(1, int(answers[-1])), parent_ts, record.channel)

    def _seen(self, record: RunRecord, request: str) -> _Seen:
        """What `_ask` decides by, read while the keys are watched."""
        with self.redis.pipeline(transaction=False) as read:
            read.time()
            read.get(f"request:{request}")
            read.exists(key(record.run))
            read.get(_claim(record.cluster))
            read.lrange(_waiting(record.cluster), 0, -1)
            read.zcard(LIVE)
            read.zcard(_mine(record.user))
            (seconds, micros), earlier, written, claimed, waiting, live, mine = read.execute()
        return _Seen(
            now=float(seconds) + float(micros) / 1e6,
            earlier=text(earlier) if request else "",
            written=bool(written),
            claimed=text(claimed),
            waiting=tuple(text(run) for run in waiting),
            live=int(live),
            mine=int(mine),
        )

    def _of_cluster(self, pipe: Pipeline, cluster: str) -> tuple[tuple[RunRecord, ...], tuple[RunRecord, ...]]:
        """The cluster's claimed run, if that one lives, and those that wait for it."""
        claimed = text(pipe.get(_claim(cluster)))
        return self._living(claimed, tuple(text(run) for run in pipe.lrange(_waiting(cluster), 0, -1)))

    def _living(self, claimed: str, waiting: tuple[str, ...]) -> tuple[tuple[RunRecord, ...], tuple[RunRecord, ...]]:
        named = [run for run in (claimed, *waiting) if run]
        found = [record for record in records.load(self.redis, *named) if record.live] if named else []
        return (
            tuple(record for record in found if record.run == claimed),
            tuple(record for record in found if record.run != claimed),
        )

    def _write(self, pipe: Pipeline, record: RunRecord, now: float | str, *, claim: bool) -> None:
        target = {"team": record.team, "channel": record.channel, "thread_ts": record.thread_ts, "user": record.user}
        asked = {"state": record.state, "asked": now, "question": msgspec.json.encode(record.question)}
        more: dict[str, str | int] = {"first": record.first, "number": record.number} if record.first else {}
        more |= {"within": record.within} if record.within else {}
        sent = self._send(pipe, record, now) if claim else {}
        store(pipe, key(record.run), {**target, **asked, **more, **sent}, QUARTER)
        Outbox.address(pipe, record.run, **target)
        for index in (LIVE, _mine(record.user)) if record.user else (LIVE,):
            pipe.zadd(index, {record.run: now})
            pipe.expire(index, DAY)
        if record.user and not record.within:
            pipe.zadd(_lately(record.user), {record.run: now})
            pipe.zremrangebyrank(_lately(record.user), 0, -MOST_LATELY - 1)
            pipe.expire(_lately(record.user), QUARTER)
        if not claim:
            pipe.rpush(_waiting(record.cluster), record.run)
            pipe.expire(_waiting(record.cluster), DAY)

    def dispatch(self, pipe: Pipeline, record: RunRecord, now: float) -> None:
        """Claim the run's cluster and queue a job for it, when the pipe is executed."""
        store(pipe, key(record.run), self._send(pipe, record, now), QUARTER)

    def _send(self, pipe: Pipeline, record: RunRecord, now: float | str) -> dict[str, str | bytes | float]:
        """The same, except for what the run's record is to hold of it, which comes back."""
        number = record.dispatches + 1
        job = f"{record.run}-{number}"
        pipe.set(_claim(record.cluster), record.run, ex=DAY)
        self.jobs.put(CHECK_CLUSTER, record.run, job, pipe)
        return {"job": job, "dispatches": number, "dispatched": now}

    def successor(self, pipe: Pipeline, cluster: str) -> RunRecord | None:
        """The run that comes next for a cluster. Watch `claim_keys` to rely on it."""
        return next(iter(self._of_cluster(pipe, cluster)[1]), None)

    def hand_on(self, pipe: Pipeline, cluster: str, successor: RunRecord | None, now: float) -> None:
        """Give the cluster's claim to its next run, or free it, when the pipe is executed."""
        if successor is None:
            pipe.delete(_claim(cluster))
        else:
            pipe.lrem(_waiting(cluster), 0, successor.run)
            self.dispatch(pipe, successor, now)

    def promote(self, cluster: str) -> None:
        """Start the next run of a cluster whose claim is held by none that lives."""
        now = clock(self.redis)

        def work(pipe: Pipeline) -> None:
            present, waiting = self._of_cluster(pipe, cluster)
            if not present and waiting:
                pipe.multi()
                self.hand_on(pipe, cluster, waiting[0], now)

        atomically(self.redis, work, *claim_keys(cluster))

    def _asked(self, run: str, *, joined: bool) -> Asked:
        record = self.get(run)
        if record is None:
            return Asked(run, joined, 0, "", "")
        return Asked(run, joined, self.position(record), record.parent_ts, record.channel)

    def position(self, record: RunRecord) -> int:
        """How many starts away a run is; 0 for one that is on or has ended. See `Asked`."""
        if record.state != "queued":
            return 0
        place = self.redis.lpos(_waiting(record.cluster), record.run)
        if isinstance(place, int):
            return place + 1
        before = self.jobs.place(record.job)
        return 1 if before is None else before + 1

    def get(self, run: str) -> RunRecord | None:
        """The run's record; None where none is kept."""
        return next(iter(records.load(self.redis, run)), None)

    def of(self, user: str) -> tuple[RunRecord, ...]:
        """The last few runs that this person asked for, newest first."""
        runs = [text(run) for run in self.redis.zrevrange(_lately(user), 0, MOST_LATELY - 1)]
        return records.load(self.redis, *runs) if runs else ()

    def last(self, clusters: Sequence[str]) -> dict[str, RunRecord]:
        """The run that last came to a verdict on each of these clusters, where there is one."""
        held = self.redis.mget([last_key(cluster) for cluster in clusters]) if clusters else []
        runs = [text(run) for run in held if run]
        return {record.cluster: record for record in (records.load(self.redis, *runs) if runs else ())}

    def live(self) -> tuple[RunRecord, ...]:
        """The runs that wait or are on, oldest first."""
        return records.live(self.redis)

    def waiting(self) -> tuple[RunRecord, ...]:
        """The runs that no worker has begun yet, oldest first."""
        return tuple(record for record in self.live() if record.state == "queued")

    def stop(self, run: str, *, user: str) -> bool:
        """Ask for the end of a run that waits or is on; its worker ends it after the present step. False: it had ended.

        Whether this person may is for the caller to know.
        """

        def work(pipe: Pipeline) -> bool:
            state, stop = (text(value) for value in pipe.hmget(key(run), ["state", "stop"]))
            if state not in ACTIVE:
                return False
            pipe.multi()
            if not stop:
                pipe.hset(key(run), "stop", user or "?")
            return True

        return atomically(self.redis, work, key(run))


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is known before a question is taken. earlier: what the same request got; written: whether this run is there."""

    now: float
    earlier: str
    written: bool
    claimed: str
    waiting: tuple[str, ...]
    live: int
    mine: int


def _answers(run: RunRecord, asked: RunRecord) -> bool:
    """Whether a run that waits or is on answers what is asked, in the same place or in a thread of its own."""
    return run.question == asked.question and run.within == asked.within and not run.stop


def _refuse_too_many(seen: _Seen, user: str) -> None:
    if seen.live >= MOST_LIVE:
        raise Refused(f"dnsmedic is busy: {MOST_LIVE} checks are waiting. Ask again in a few minutes.")
    if user and seen.mine >= MOST_PER_USER:
        raise Refused(f"You have {MOST_PER_USER} checks waiting or running. Wait for one of them to end, or stop one.")


def _remember(pipe: Pipeline, request: str, run: str, how: str) -> None:
    """Know the same request again, when the pipe is executed."""
    pipe.set(f"request:{request}", f"{run} {how}", ex=REQUEST_SECONDS)


def _join(pipe: Pipeline, run: RunRecord, record: RunRecord) -> None:
    """Add who asked to those whom the end is told, when the pipe is executed."""
    if record.user and record.user != run.user:
        pipe.zadd(joined_key(run.run), {record.user: record.asked}, nx=True)
        pipe.expire(joined_key(run.run), QUARTER)


def claim_keys(cluster: str) -> tuple[str, str]:
    """What to watch while a claim changes hands."""
    return _claim(cluster), _waiting(cluster)


def settle(pipe: Pipeline, record: RunRecord) -> None:
    """Take a run that has ended, and said so, out of the lists of those that live, when the pipe is executed."""
    pipe.zrem(LIVE, record.run)
    pipe.zrem(_mine(record.user), record.run)


def last_key(cluster: str) -> str:
    """Where the run is named that last came to a verdict on a cluster, all its checks made."""
    return f"last:{cluster}"


def _lately(user: str) -> str:
    return f"lately:{user}"


def _claim(cluster: str) -> str:
    return f"claim:{cluster}"


def _waiting(cluster: str) -> str:
    return f"waiting:{cluster}"


def _mine(user: str) -> str:
    return f"mine:{user}"
