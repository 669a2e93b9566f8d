"""How often Slack lets an app call each method, and how it says that this was too often."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from threading import Lock

from sandbox.slack.clock import Clock

A_MINUTE = {1: 1, 2: 20, 3: 50, 4: 100}
"""Calls a minute of each tier, per method and workspace."""
TIERS = {
    "chat.update": 3,
    "chat.delete": 3,
    "chat.postEphemeral": 4,
    "views.open": 4,
    "views.update": 4,
    "views.push": 4,
    "views.publish": 4,
    "conversations.info": 3,
    "conversations.replies": 3,
    "conversations.history": 3,
    "conversations.open": 3,
    "conversations.members": 4,
    "conversations.list": 2,
    "usergroups.users.list": 2,
    "users.list": 2,
    "users.info": 4,
    "pins.add": 2,
    "reactions.add": 3,
    "reactions.remove": 2,
    "team.info": 3,
    "files.getUploadURLExternal": 4,
    "files.completeUploadExternal": 4,
    "apps.connections.open": 3,
}
POSTS_A_SECOND = 1.0
POST_BURST = 5
"""Slack tolerates "short bursts" without saying how short."""


class Rates:
    """Counts calls and says when one is too many. Safe for threads."""

    def __init__(self, clock: Clock, *, enforced: bool = True) -> None:
        self.enforced = enforced
        self._clock = clock
        self._calls: dict[str, deque[float]] = defaultdict(deque)
        self._posts: dict[str, tuple[float, float]] = {}
        self._lock = Lock()

    def retry_after(self, method: str, channel: str) -> int:
        """Count a call; 0 where Slack takes it, else the whole seconds to wait."""
        if not self.enforced:
            return 0
        with self._lock:
            if method == "chat.postMessage":
                return self._post(channel)
            return self._call(method)

    def _call(self, method: str) -> int:
        tier = TIERS.get(method)
        if tier is None:
            return 0
        now, calls = self._clock.now(), self._calls[method]
        while calls and calls[0] <= now - 60:
            calls.popleft()
        if len(calls) >= A_MINUTE[tier]:
            return max(1, math.ceil(calls[0] + 60 - now))
        calls.append(now)
        return 0

    def _post(self, channel: str) -> int:
        now = self._clock.now()
        left, since = self._posts.get(channel, (float(POST_BURST), now))
        left = min(float(POST_BURST), left + (now - since) * POSTS_A_SECOND)
        if left < 1:
            self._posts[channel] = (left, now)
            return max(1, math.ceil((1 - left) / POSTS_A_SECOND))
        self._posts[channel] = (left - 1, now)
        return 0
