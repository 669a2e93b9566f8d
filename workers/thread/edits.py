"""Keeps a run's parent message up to date: the newest state wins, and no edit comes too soon after another."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from redis import Redis
from slack_sdk import WebClient

from contract.connection import clock
from contract.leases import Leases
from contract.outbox import Edit, Outbox, Thread
from workers.thread import refusals
from workers.thread.pace import FIRST_EDIT, Lane, Pace, edit_gap, edits
from workers.thread.slack import Answer, Fate, call

UPDATE = "chat.update"
MOST_TEXT = 4_000

_PAUSE = 2.0
_LONGEST_PAUSE = 30.0

log = logging.getLogger(__name__)


class Edits:
    """Edits parent messages. An edit may be made twice without harm, so a lost answer is no matter."""

    def __init__(self, redis: Redis, client: WebClient, pace: Pace) -> None:
        self.redis = redis
        self.client = client
        self.pace = pace
        self.outbox = Outbox(redis)
        self.leases = Leases(redis)

    def wait(self, thread: Thread, now: float) -> float:
        """Seconds until the thread's edit may be made; its part of the budget is taken when that is 0.0."""
        edit = thread.edit
        if edit is None:
            return _PAUSE
        gap = edit_gap(self.leases.live())
        due = thread.edited + gap if edit.news or thread.edited else thread.posted + max(gap, FIRST_EDIT)
        held = max(self.pace.held(thread.team, UPDATE), self.pace.held(thread.team, "*"))
        early = max(due - now, edit.after - now, held)
        return early if early > 0 else self.pace.take(edits(thread.team), Lane.VERDICT if edit.news else Lane.PROGRESS)

    def send(self, thread: Thread, now: float) -> None:
        """Make the edit that waits."""
        edit = thread.edit
        if edit is None:
            return
        form = min(max(edit.form, self.pace.rung(thread.team)), len(edit.rungs) - 1)
        answer = call(self.client, UPDATE, _arguments(thread, edit, form))
        if answer.fate is Fate.TAKEN:
            self.outbox.sent_edit(thread.name, edit, clock(self.redis))
        elif answer.fate is Fate.REFUSED:
            self._refused(thread, edit, answer.error, form)
        elif answer.fate is Fate.LIMITED:
            self.pace.hold(thread.team, UPDATE, answer.wait)
        else:
            self._again(thread, edit, answer, now)

    def _again(self, thread: Thread, edit: Edit, answer: Answer, now: float) -> None:
        log.warning("%s: an edit got no answer: %s", thread.name, answer.error)
        later = replace(edit, tries=edit.tries + 1, after=now + min(_LONGEST_PAUSE, _PAUSE * (1 + edit.tries)))
        self.outbox.replace_edit(thread.name, edit, later)

    def _refused(self, thread: Thread, edit: Edit, error: str, form: int) -> None:
        if error in refusals.SIGNED_OUT:
            log.error("Slack refuses everything we say: %s", error)
            self.pace.hold(thread.team, "*", refusals.PAUSE_SIGNED_OUT)
        elif error in refusals.GONE:
            log.warning("%s: the parent is gone: %s", thread.name, error)
            self.outbox.renew_parent(thread.name)
        elif form + 1 < len(edit.rungs) and not refusals.channel_sentence(error, thread.channel, thread.name):
            log.warning("%s: Slack refused a form of the parent: %s", thread.name, error)
            if error in refusals.BLOCKS:
                self.pace.remember_rung(thread.team, form + 1)
            self.outbox.replace_edit(thread.name, edit, replace(edit, form=form + 1))
        else:
            log.error("%s: Slack refused an edit: %s", thread.name, error)
            self.outbox.sent_edit(thread.name, edit, clock(self.redis))


def _arguments(thread: Thread, edit: Edit, number: int) -> dict[str, Any]:
    form = edit.rungs[number]
    text = form.text if len(form.text) <= MOST_TEXT else form.text[: MOST_TEXT - 1] + "…"
    return {"channel": thread.channel, "ts": thread.parent_ts, "text": text, "blocks": list(form.blocks)}
