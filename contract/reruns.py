"""A question that is asked once more from its own message: the new run goes on under that message, and in its thread.

The message is edited to show the new run. What the earlier one said stays in the thread, its verdict as well.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from redis import Redis
from redis.client import Pipeline

from contract.blocks import parent
from contract.connection import QUARTER, store, text, whole
from contract.outbox import Outbox
from contract.records import RunRecord, key, outbox_key


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run goes on. first: the run that posted the message. newest: the run that it shows, its `number`-th.

    parent_ts: the message.
    """

    first: str
    newest: str
    number: int
    parent_ts: str


def first_of(record: RunRecord) -> str:
    """The run that posted the message of this one. Watch its outbox to rely on `place`."""
    return record.first or record.run


def place(redis: Redis, again: RunRecord) -> Place | None:
    """Where a repetition of this run goes on; None where it has no message that could be edited."""
    first = first_of(again)
    newest = text(redis.hget(outbox_key(first), "newest")) or again.run
    with redis.pipeline(transaction=False) as pipe:
        pipe.hget(outbox_key(newest), "parent_ts")
        pipe.hget(key(newest), "number")
        parent_ts, number = pipe.execute()
    return Place(first, newest, max(1, whole(number)), text(parent_ts)) if parent_ts else None


def placed(record: RunRecord, where: Place | None) -> RunRecord:
    """The run, as the next one of that message."""
    return replace(record, first=where.first, number=where.number + 1) if where else record


def take_over(pipe: Pipeline, record: RunRecord, where: Place) -> None:
    """Let the message show this run and no earlier one any more, when the pipe is executed."""
    store(pipe, outbox_key(where.first), {"newest": record.run}, QUARTER)
    store(pipe, outbox_key(where.newest), {"heir": record.run}, QUARTER)
    store(pipe, outbox_key(record.run), {"parent_ts": where.parent_ts}, QUARTER)
    Outbox.write_edit(pipe, record.run, parent(record.view()), record.asked)
