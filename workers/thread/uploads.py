"""Files in a run's thread, within the same budgets as its posts."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from redis import Redis
from slack_sdk import WebClient

from workers.thread.pace import Lane, Pace, posts
from workers.thread.slack import Answer, Fate, upload

METHOD = "files.completeUploadExternal"

PATIENCE = 60.0
"""Seconds for which Slack is waited for. Somebody pressed a button and is looking: later, they can press it again."""

_PAUSE = 2.0

log = logging.getLogger(__name__)


class Uploads:
    """Uploads files where a thread is."""

    def __init__(self, redis: Redis, client: WebClient) -> None:
        self.client = client
        self.pace = Pace(redis)

    def upload(self, files: Mapping[str, str], *, team: str, channel: str, thread_ts: str, comment: str) -> Answer:
        """Show the files in one message; the last answer of Slack where it never took them. comment: escaped mrkdwn.

        What Slack surely has not got is sent again for a while; where the answer was lost, it is not: it may be there.
        """
        give_up = time.monotonic() + PATIENCE
        while True:
            self._wait_for_turn(team, channel, give_up)
            answer = upload(self.client, files, channel=channel, thread_ts=thread_ts, comment=comment)
            if answer.fate is Fate.LIMITED:
                self.pace.hold(team, METHOD, answer.wait)
            elif answer.fate is not Fate.UNSENT:
                return answer
            pause = max(answer.wait, _PAUSE)
            if time.monotonic() + pause > give_up:
                return answer
            log.warning("files for %s are not in Slack yet: %s", channel, answer.error)
            time.sleep(pause)

    def _wait_for_turn(self, team: str, channel: str, give_up: float) -> None:
        """Wait until the budget has room, or as long as is waited at all."""
        while time.monotonic() < give_up:
            wait = self.pace.held(team, METHOD) or self.pace.take(posts(team, channel), Lane.FAILURE)
            if not wait:
                return
            time.sleep(min(wait, _PAUSE))
