"""Hands a thread's rows to Slack: in order, within the budgets, each one once, and only while the lease lasts."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from redis import Redis
from slack_sdk import WebClient

from contract.blocks import Message
from contract.connection import clock
from contract.leases import Fenced, Lease, Leases
from contract.outbox import ROOTS, Kind, Outbox, Row, RowState, Thread
from workers.thread import lookup, refusals
from workers.thread.edits import Edits
from workers.thread.pace import Lane, Pace, posts
from workers.thread.slack import Answer, Fate, call

POST = "chat.postMessage"

_LANES = {Kind.VERDICT: Lane.VERDICT, Kind.CARD: Lane.VERDICT, Kind.STEP: Lane.PROGRESS}
_LONGEST_PAUSE = 30.0

log = logging.getLogger(__name__)


def pause(tries: int) -> float:
    """Seconds to wait after so many tries that failed."""
    return min(_LONGEST_PAUSE, 0.5 * 2.0 ** min(tries, 10))


class Sender:
    """Sends what waits in threads, one call at a time."""

    def __init__(self, redis: Redis, client: WebClient) -> None:
        self.redis = redis
        self.client = client
        self.outbox = Outbox(redis)
        self.leases = Leases(redis)
        self.pace = Pace(redis)
        self.edits = Edits(redis, client, self.pace)

    def turn(self, lease: Lease) -> float | None:
        """Make the call to Slack that is due in the thread of the lease, if one is.

        Returns the seconds after which to come again, 0.0 for at once, None when nothing waits. Raises Fenced when
        somebody else has taken over, and RedisError where Redis fails.
        """
        if not self.leases.holds(lease):
            raise Fenced(f"{lease.name} has been taken over")
        thread = self.outbox.thread(lease.name)
        now = clock(self.redis)
        waits: list[float] = []
        if thread.edit and thread.heir:
            self.outbox.sent_edit(thread.name, thread.edit, now)  # the message shows another run by now
            return 0.0
        if thread.edit and thread.parent_ts:
            waits.append(self.edits.wait(thread, now))
            if not waits[-1]:
                self.edits.send(thread, now)
                return 0.0
        if row := thread.next:
            waits.append(self._wait(thread, row, now))
            if not waits[-1]:
                self._advance(thread, row, lease, now)
                return 0.0
        if thread.edit and not waits:
            self.outbox.sent_edit(thread.name, thread.edit, now)  # there is no parent to edit, and none to come
        return min(waits, default=None)

    def _wait(self, thread: Thread, row: Row, now: float) -> float:
        """Seconds until the row may be sent; what it needs of the budget is taken when that is 0.0."""
        held = max(row.after - now, self.pace.held(thread.team, POST), self.pace.held(thread.team, "*"))
        if held > 0:
            return held
        if row.state is RowState.SENDING and row.tries:
            return self.pace.held(thread.team, lookup.method(thread, row))
        return self.pace.take(posts(thread.team, row.to or thread.channel), _lane(row))

    def _advance(self, thread: Thread, row: Row, lease: Lease, now: float) -> None:
        """Look for a row that Slack may have; send one that it has not."""
        if row.state is RowState.SENDING:
            self._settle(thread, row, now)
        elif row.kind is Kind.STEP and not thread.root:
            self.outbox.save(thread.name, replace(row, state=RowState.DROPPED))
        else:
            self._send(thread, row, lease, now)

    def _settle(self, thread: Thread, row: Row, now: float) -> None:
        """Find out whether Slack has a row whose answer was lost."""
        found = lookup.Found(blind=True) if row.to else lookup.find(self.client, thread, row)
        if found.ts:
            self._sent(thread, row, found.ts, now)
        elif found.failed:
            if found.failed.fate is Fate.LIMITED:
                self.pace.hold(thread.team, lookup.method(thread, row), found.failed.wait)
            self.outbox.save(thread.name, replace(row, tries=row.tries + 1, after=now + pause(row.tries)))
        elif not found.blind:
            self.outbox.save(thread.name, replace(row, state=RowState.PENDING))
        elif (row.kind in ROOTS or row.kind is Kind.CARD) and not row.again:
            self.outbox.save(thread.name, replace(row, state=RowState.PENDING, again=True))
        else:
            log.warning("%s: nobody can look whether Slack has post %s", thread.name, row.seq)
            self.outbox.save(thread.name, replace(row, state=RowState.MAYBE))

    def _send(self, thread: Thread, row: Row, lease: Lease, now: float) -> None:
        asked = replace(row, state=RowState.SENDING, tries=row.tries + 1, since=row.since or now)
        self.leases.fenced(lease, lambda pipe: self.outbox.write(pipe, thread.name, asked, now))
        form = min(max(row.form, self.pace.rung(thread.team)), len(row.rungs) - 1)
        answer = call(self.client, POST, self._arguments(thread, row, row.rungs[form], lease.token))
        if answer.fate is Fate.TAKEN:
            self._sent(thread, asked, answer.ts, now)
        elif answer.fate is Fate.UNSURE:
            log.warning("%s: the answer to post %s was lost: %s", thread.name, row.seq, answer.error)
            self.outbox.save(thread.name, replace(asked, after=now + pause(asked.tries)))
        elif answer.fate is Fate.REFUSED:
            self._refused(thread, replace(asked, form=form), answer.error)
        else:
            self._not_now(thread, asked, answer, now)

    @staticmethod
    def _arguments(thread: Thread, row: Row, form: Message, attempt: int) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "channel": row.to or thread.channel,
            "text": form.text,
            "metadata": lookup.metadata(thread, row, attempt),
            "unfurl_links": False,
            "unfurl_media": False,
        }
        if form.blocks:
            arguments["blocks"] = list(form.blocks)
        root = thread.thread_ts if row.kind in ROOTS else thread.root
        if root and not row.to:
            arguments["thread_ts"] = root
        return arguments

    def _sent(self, thread: Thread, row: Row, ts: str, now: float) -> None:
        fields: dict[str, str | float] = {"parent_ts": ts, "posted": now} if row.kind in ROOTS else {}
        self.outbox.save(thread.name, replace(row, state=RowState.SENT, ts=ts), fields)

    def _not_now(self, thread: Thread, row: Row, answer: Answer, now: float) -> None:
        """Slack has not got it: it waits, without a look before the next try."""
        if answer.fate is Fate.LIMITED:
            self.pace.hold(thread.team, POST, answer.wait)
            self.outbox.save(thread.name, replace(row, state=RowState.PENDING))
            return
        log.warning("%s: Slack was not reached: %s", thread.name, answer.error)
        self.outbox.save(thread.name, replace(row, state=RowState.PENDING, after=now + pause(row.tries)))

    def _refused(self, thread: Thread, row: Row, error: str) -> None:
        if error in refusals.SIGNED_OUT:
            log.error("Slack refuses everything we say: %s", error)
            self.pace.hold(thread.team, "*", refusals.PAUSE_SIGNED_OUT)
            self.outbox.save(thread.name, replace(row, state=RowState.PENDING))
        elif sentence := refusals.channel_sentence(error, thread.channel, thread.name):
            self._closed(thread, row, sentence)
        elif error in refusals.GONE and thread.root and row.kind not in ROOTS and not thread.renewed:
            self.outbox.save(thread.name, replace(row, state=RowState.PENDING))
            self.outbox.renew_parent(thread.name)
        elif row.form + 1 < len(row.rungs):
            log.warning("%s: Slack refused a form of post %s: %s", thread.name, row.seq, error)
            if error in refusals.BLOCKS:
                self.pace.remember_rung(thread.team, row.form + 1)
            self.outbox.save(thread.name, replace(row, state=RowState.PENDING, form=row.form + 1))
        else:
            log.error("%s: Slack refused post %s in every form: %s", thread.name, row.seq, error)
            self.outbox.save(thread.name, replace(row, state=RowState.DROPPED))

    def _closed(self, thread: Thread, row: Row, sentence: str) -> None:
        """Nothing can be said in this channel: who asked is told in person, once."""
        log.warning("%s: %s", thread.name, sentence)
        if row.to:
            self.outbox.save(thread.name, replace(row, state=RowState.DROPPED))
            return
        if thread.user:
            note = Row(name="direct", kind=Kind.DIRECT, rungs=(Message(sentence),), to=thread.user)
            self.outbox.put(thread.name, note)
        self.outbox.close(thread.name, sentence)


def _lane(row: Row) -> Lane:
    return _LANES.get(row.kind, Lane.FAILURE)
