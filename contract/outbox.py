"""What is to be said in Slack, kept in Redis until Slack has taken it: in order, once, whoever dies on the way.

A thread is one parent message in a channel and the replies to it. Each of its posts is a row, `pending -> sent`; a row
is written once, by its name, so that a worker that takes over may write it again. The newest state of the parent is an
edit, which replaces the one before. Who sends them is `workers/thread`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

import msgspec
from redis import Redis
from redis.client import Pipeline

from contract.blocks import Message
from contract.connection import DAY, QUARTER, atomically, clock, store, text
from contract.decoding import learn
from contract.leases import Lease, Leases

T = TypeVar("T")

MOST_UNSENT = 10_000
"""Rows that may wait for Slack; above that, progress is no longer kept, what matters is."""

UNSENT = "unsent"


class Kind(StrEnum):
    """What a post is. It goes into the message's metadata."""

    PARENT = "parent"
    STEP = "step"
    NOTICE = "notice"
    VERDICT = "verdict"
    CARD = "card"
    """Something to decide on, as an approval."""
    DAILY = "daily"
    DIRECT = "direct"
    """A message to one person alone."""


ROOTS = frozenset({Kind.PARENT, Kind.DAILY})
"""Kinds that stand in the channel, and that replies hang on."""


class RowState(StrEnum):
    """How far a row is."""

    PENDING = "pending"
    SENDING = "sending"
    """It was handed to Slack, and nobody knows yet whether Slack took it."""
    SENT = "sent"
    MAYBE = "maybe"
    """Slack may have taken it; nobody can look, and it is not sent again."""
    DROPPED = "dropped"
    """Slack will never take it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One post. rungs: the message, best form first; () once it is sent. about: the checks that it tells of.

    form: how many of its forms Slack has refused. to: the user id for a DIRECT message. tries: how often Slack was
    asked. after: not before this Unix time. since: when Slack was asked first. again: whether it was sent again without a look.
    """

    name: str
    kind: Kind
    rungs: tuple[Message, ...]
    seq: int = 0
    about: tuple[str, ...] = ()
    form: int = 0
    to: str = ""
    state: RowState = RowState.PENDING
    ts: str = ""
    tries: int = 0
    after: float = 0.0
    since: float = 0.0
    again: bool = False

    @property
    def open(self) -> bool:
        """Whether Slack has still to take it."""
        return self.state in (RowState.PENDING, RowState.SENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """The newest state of the parent message. form: as in Row. news: more than progress, which can wait."""

    rungs: tuple[Message, ...]
    form: int = 0
    news: bool = False
    tries: int = 0
    after: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A thread with all its rows, in their order. Times are Unix seconds, 0 for never.

    thread_ts: the thread that all of it goes to, where it was asked for in one. user: whom to tell in person where the
    channel cannot be written to. closed: why nothing more can be said there, or "". renewed: how many new parents took
    the place of one that was gone. heir: the run that the parent message shows instead of this one, or "".
    """

    name: str
    team: str = ""
    channel: str = ""
    thread_ts: str = ""
    user: str = ""
    parent_ts: str = ""
    posted: float = 0.0
    edited: float = 0.0
    closed: str = ""
    renewed: int = 0
    heir: str = ""
    rows: tuple[Row, ...] = ()
    edit: Edit | None = None

    @property
    def root(self) -> str:
        """The message that replies hang on; "" while there is none."""
        return self.thread_ts or self.parent_ts

    @property
    def next(self) -> Row | None:
        """The first row that Slack has still to take."""
        return next((row for row in self.rows if row.open), None)


learn(Thread)


class Outbox:
    """The threads of all runs and daily posts. Methods raise RedisError where Redis fails, Fenced for a lost lease."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.leases = Leases(redis)

    def open(self, name: str, *, team: str, channel: str, thread_ts: str = "", user: str = "") -> None:
        """Say where a thread goes. A run's has been opened with the run."""
        with self.redis.pipeline() as pipe:
            self.address(pipe, name, team=team, channel=channel, thread_ts=thread_ts, user=user)
            pipe.execute()

    @staticmethod
    def address(pipe: Pipeline, name: str, *, team: str, channel: str, thread_ts: str, user: str) -> None:
        """The same, when the pipe is executed."""
        target = {"team": team, "channel": channel, "thread_ts": thread_ts, "user": user}
        store(pipe, _key(name), target, QUARTER)

    def put(self, name: str, row: Row, lease: Lease | None = None) -> bool:
        """Append a row to the thread, unless it has one of that name.

        False if it was dropped: too many wait for Slack, and this one only tells of progress.
        """
        now = clock(self.redis)

        def work(pipe: Pipeline) -> bool:
            if pipe.hexists(_rows(name), row.name):
                return True
            if row.kind is Kind.STEP and int(pipe.zcard(UNSENT)) >= MOST_UNSENT:
                return False
            seq = int(text(pipe.hget(_key(name), "seq")) or 0) + 1
            pipe.multi()
            store(pipe, _key(name), {"seq": seq}, QUARTER)
            self.write(pipe, name, replace(row, seq=seq), now)
            return True

        return self._write_under(lease, work, _key(name), _rows(name))

    def edit(self, name: str, rungs: Sequence[Message], *, news: bool = False, lease: Lease | None = None) -> None:
        """Let the parent show this, in place of any edit that waits."""
        now = clock(self.redis)

        def work(pipe: Pipeline) -> None:
            pipe.multi()
            self.write_edit(pipe, name, rungs, now, news=news)

        self._write_under(lease, work, _edit(name))

    def _write_under(self, lease: Lease | None, work: Callable[[Pipeline], T], *watched: str) -> T:
        return self.leases.fenced(lease, work, *watched) if lease else atomically(self.redis, work, *watched)

    def thread(self, name: str) -> Thread:
        """The thread as it stands."""
        with self.redis.pipeline(transaction=False) as pipe:
            pipe.hgetall(_key(name))
            pipe.hvals(_rows(name))
            pipe.get(_edit(name))
            fields, rows, edit = pipe.execute()
        held = {text(field): text(value) for field, value in fields.items()}
        decoded = sorted((msgspec.json.decode(row, type=Row) for row in rows), key=lambda row: row.seq)
        found = msgspec.convert({**held, "name": name}, Thread, strict=False)
        return replace(found, rows=tuple(decoded), edit=msgspec.json.decode(edit, type=Edit) if edit else None)

    def save(self, name: str, row: Row, fields: Mapping[str, str | float] | None = None) -> None:
        """Write what became of a row, and what that changes in its thread: what Slack said counts without a lease."""
        with self.redis.pipeline() as pipe:
            self.write(pipe, name, row, row.after)
            if fields:
                store(pipe, _key(name), fields, QUARTER)
            pipe.execute()

    def unsent(self) -> tuple[str, ...]:
        """The threads that wait for Slack, the longest waiting first."""
        return tuple(dict.fromkeys(_thread_of(member) for member in self.redis.zrange(UNSENT, 0, -1)))

    def forget(self, name: str) -> None:
        """Take a thread that has nothing more to send out of those that wait; its rows may be too old to be kept."""
        thread = self.thread(name)
        if thread.next is None and thread.edit is None:
            for member in map(text, self.redis.zrange(UNSENT, 0, -1)):
                if _thread_of(member) == name:
                    self.redis.zrem(UNSENT, member)

    def sent_edit(self, name: str, edit: Edit, now: float) -> None:
        """Slack has taken this edit: forget it, unless there is a newer one.

        The first one of a run that goes on under an earlier run's message stands for the post of its own.
        """

        def work(pipe: Pipeline) -> None:
            held = pipe.get(_edit(name))
            newest = not held or msgspec.json.decode(held, type=Edit).rungs == edit.rungs
            what = "edited" if pipe.hexists(_key(name), "posted") else "posted"
            pipe.multi()
            store(pipe, _key(name), {what: now}, QUARTER)
            if newest:
                _forget_edit(pipe, name)

        atomically(self.redis, work, _edit(name))

    def replace_edit(self, name: str, edit: Edit, other: Edit) -> None:
        """Let the edit be tried in another form or at another time, unless there is a newer one."""

        def work(pipe: Pipeline) -> None:
            held = pipe.get(_edit(name))
            if held and msgspec.json.decode(held, type=Edit).rungs == edit.rungs:
                pipe.multi()
                pipe.set(_edit(name), msgspec.json.encode(other), ex=DAY)

        atomically(self.redis, work, _edit(name))

    def close(self, name: str, why: str) -> None:
        """Nothing more can be said in this thread: drop all that waits, but for messages to one person."""
        thread = self.thread(name)
        with self.redis.pipeline() as pipe:
            store(pipe, _key(name), {"closed": why}, QUARTER)
            for row in thread.rows:
                if row.open and row.kind is not Kind.DIRECT:
                    self.write(pipe, name, replace(row, state=RowState.DROPPED), 0)
            _forget_edit(pipe, name)
            pipe.execute()

    def renew_parent(self, name: str) -> None:
        """The parent is gone: post its newest state once more as a new message, on which all that follows hangs.

        Where it showed another run by then, that one does so.
        """
        thread = self.thread(name)
        posted = next((row for row in thread.rows if row.kind in ROOTS), None)
        parent = posted or Row(name="parent", kind=Kind.PARENT, rungs=())
        rungs = thread.edit.rungs if thread.edit else ()
        with self.redis.pipeline() as pipe:
            store(pipe, _key(name), {"renewed": thread.renewed + 1, "parent_ts": ""}, QUARTER)
            _forget_edit(pipe, name)
            if rungs and not thread.renewed and not thread.heir:
                self.write(
                    pipe,
                    name,
                    replace(parent, seq=0, rungs=rungs, form=0, state=RowState.PENDING, ts="", tries=0, since=0),
                    0,
                )
            pipe.execute()

    @staticmethod
    def write_edit(pipe: Pipeline, name: str, rungs: Sequence[Message], since: float, *, news: bool = False) -> None:
        """Let the parent show this when the pipe is executed. since: when that was so."""
        pipe.set(_edit(name), msgspec.json.encode(Edit(rungs=tuple(rungs), news=news)), ex=DAY)
        pipe.zadd(UNSENT, {f"{name} edit": since}, nx=True)
        pipe.expire(UNSENT, DAY)

    @staticmethod
    def write(pipe: Pipeline, name: str, row: Row, since: float) -> None:
        """Write a row when the pipe is executed; one that is done with gives its text up. since: when it was put."""
        kept = row if row.open else replace(row, rungs=())
        pipe.hset(_rows(name), row.name, msgspec.json.encode(kept))
        pipe.expire(_rows(name), DAY)
        if row.open:
            pipe.zadd(UNSENT, {f"{name} {row.name}": since}, nx=True)
            pipe.expire(UNSENT, DAY)
        else:
            pipe.zrem(UNSENT, f"{name} {row.name}")


def _thread_of(member: object) -> str:
    """The thread that a member of UNSENT is of."""
    return text(member).partition(" ")[0]


def _forget_edit(pipe: Pipeline, name: str) -> None:
    pipe.delete(_edit(name))
    pipe.zrem(UNSENT, f"{name} edit")


def _key(name: str) -> str:
    return f"out:{name}"


def _rows(name: str) -> str:
    return f"out:{name}:rows"


def _edit(name: str) -> str:
    return f"out:{name}:edit"
