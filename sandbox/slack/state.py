"""The living workspace: what changes while people and the app use it."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, RLock
from time import monotonic

from sandbox.slack.clock import Clock
from sandbox.slack.records import Call, Delivery, Ephemeral, File, Message, ResponseUrl, Trigger, View
from sandbox.slack.wire import Refusal
from sandbox.slack.workspace import Channel, User, Workspace


class State:
    """Everything that the pretend Slack remembers. Change it only inside `changing()`, which wakes who waits."""

    def __init__(self, workspace: Workspace, clock: Clock) -> None:
        self.workspace = workspace
        self.clock = clock
        self.users = {user.id: user for user in workspace.users}
        self.groups = {group.id: group for group in workspace.groups}
        self.tokens = {token.value: token for token in workspace.tokens}
        self.channels = {channel.id: channel for channel in workspace.channels}
        self.members = {channel.id: set(channel.members) for channel in workspace.channels}
        self.direct: dict[str, str] = {}
        self.messages: dict[str, dict[str, Message]] = {}
        self.ephemerals: list[Ephemeral] = []
        self.views: dict[str, View] = {}
        self.homes: dict[str, str] = {}
        self.files: dict[str, File] = {}
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.locked_threads: set[tuple[str, str]] = set()
        self.calls: list[Call] = []
        self.deliveries: list[Delivery] = []
        self.version = 0
        self._changed = Condition(RLock())
        self._last_ts = 0
        self._numbers = itertools.count(1)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the state for a change and tell everybody who waits for one."""
        with self._changed:
            yield
            self.version += 1
            self._changed.notify_all()

    def wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until the condition holds; False where it does not within so many seconds."""
        # The condition is asked without the lock, since it may look at more than this state, and now and then unasked.
        until = monotonic() + seconds
        while True:
            seen = self.version
            if condition():
                return True
            left = until - monotonic()
            if left <= 0:
                return False
            with self._changed:
                if self.version == seen:
                    self._changed.wait(min(left, 0.05))

    def next_ts(self) -> str:
        """A message's name: seconds and microseconds, each greater than every one before."""
        with self._changed:
            self._last_ts = max(self._last_ts + 1, int(self.clock.now() * 1_000_000))
            return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def next_id(self, prefix: str) -> str:
        """A new id such as V0000001."""
        with self._changed:
            return f"{prefix}{next(self._numbers):09d}"

    def new_trigger(self, user: str, *, view: str = "", channel: str = "") -> str:
        """A trigger id for an interaction of this person, in a view or a channel."""
        with self._changed:
            trigger = f"{next(self._numbers)}.{int(self.clock.now())}.{secrets.token_hex(16)}"
            self.triggers[trigger] = Trigger(user, self.clock.now(), view, channel)
            return trigger

    def new_response_url(self, channel: str, user: str, message_ts: str = "", thread_ts: str = "") -> str:
        """The secret part of a response_url for an interaction."""
        with self._changed:
            key = secrets.token_hex(12)
            self.response_urls[key] = ResponseUrl(channel, user, self.clock.now(), message_ts, thread_ts)
            return key

    def message(self, channel: str, ts: str) -> Message:
        """A message that is there. Raises Refusal `message_not_found`."""
        found = self.messages.get(channel, {}).get(ts)
        if found is None or found.deleted:
            raise Refusal("message_not_found")
        return found

    def standing(self, channel: str) -> list[Message]:
        """The messages of a channel that are not deleted, oldest first."""
        with self._changed:
            every = self.messages.get(channel, {}).values()
            return sorted((each for each in every if not each.deleted), key=lambda each: each.ts)

    def thread(self, channel: str, ts: str) -> list[Message]:
        """A parent and its replies, oldest first."""
        return [each for each in self.standing(channel) if ts in (each.ts, each.thread_ts)]

    def add(self, message: Message) -> Message:
        """Put a message into its channel."""
        with self.changing():
            self.messages.setdefault(message.channel, {})[message.ts] = message
        return message

    def direct_channel(self, user: str) -> str:
        """The id of the direct messages between the app and a person; made where there is none."""
        if user not in self.users or self.users[user].deleted:
            raise Refusal("channel_not_found")
        with self.changing():
            if user not in self.direct:
                bot = self.workspace.app.bot_user
                channel = Channel(id=f"D{user[1:]}", name="directmessage", members=(user, bot), is_private=True)
                self.direct[user] = channel.id
                self.channels[channel.id] = channel
                self.members[channel.id] = {user, bot}
            return self.direct[user]

    def bot_sees(self, channel: str) -> bool:
        """Whether the app may know that the channel exists."""
        found = self.channels.get(channel)
        return found is not None and (not found.is_private or self.bot_is_in(channel))

    def bot_is_in(self, channel: str) -> bool:
        """Whether the app's bot user is a member."""
        return self.workspace.app.bot_user in self.members.get(channel, set())

    def user(self, user: str) -> User:
        """A person or bot. Raises Refusal `user_not_found`."""
        if user not in self.users:
            raise Refusal("user_not_found")
        return self.users[user]
