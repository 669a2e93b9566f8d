"""What a test sees of the pretend Slack: what stands in channels and threads, and waiting for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sandbox.slack.records import Call, Delivery, Ephemeral, File, Message, View
from sandbox.slack.state import State

_T = TypeVar("_T")


class Observer:
    """Looks, and never changes anything. Everything comes oldest first."""

    def __init__(self, state: State) -> None:
        self._state = state

    def posts(self, channel: str) -> list[Message]:
        """What stands in the channel itself: no replies, unless they were sent to the channel as well."""
        return [each for each in self._state.standing(channel) if not each.is_reply or each.broadcast]

    def thread(self, channel: str, ts: str) -> list[Message]:
        """A parent and its replies."""
        return self._state.thread(channel, ts)

    def replies(self, channel: str, ts: str) -> list[Message]:
        """The replies to a parent."""
        return [each for each in self.thread(channel, ts) if each.is_reply]

    def direct(self, user: str) -> list[Message]:
        """The direct messages between the app and a person."""
        return self._state.standing(self._state.direct.get(user, ""))

    def message(self, channel: str, ts: str) -> Message:
        """One message. Raises Refusal where it is not there."""
        return self._state.message(channel, ts)

    def ephemerals(self, user: str) -> list[Ephemeral]:
        """What this person alone was shown."""
        return [each for each in list(self._state.ephemerals) if each.user == user and not each.deleted]

    @property
    def views(self) -> list[View]:
        """The modals that are open."""
        return [each for each in list(self._state.views.values()) if not each.closed and each.type == "modal"]

    def home(self, user: str) -> View | None:
        """A person's Home tab, where the app filled it."""
        return self._state.views.get(self._state.homes.get(user, ""))

    @property
    def files(self) -> list[File]:
        """The files that were uploaded to the end."""
        return [each for each in list(self._state.files.values()) if each.content is not None and each.title]

    @property
    def deliveries(self) -> list[Delivery]:
        """Every attempt to hand something to the app."""
        return list(self._state.deliveries)

    def calls(self, method: str = "") -> list[Call]:
        """Every call of the app, or those of one method; `upload` and `response_url` are in it too."""
        return [each for each in list(self._state.calls) if method in ("", each.method)]

    @property
    def version(self) -> int:
        """A number that grows with every change."""
        return self._state.version

    def wait_change(self, since: int, seconds: float = 10.0) -> int:
        """Wait for a change after `since`; the version then."""
        self._state.wait(lambda: self._state.version > since, seconds)
        return self._state.version

    def wait_for(self, look: Callable[[], _T], seconds: float = 10.0) -> _T:
        """Wait until `look` returns something true, and return that. Raises AssertionError where it never does."""
        found: list[_T] = []

        def seen() -> bool:
            found[:] = [look()]
            return bool(found[0])

        if not self._state.wait(seen, seconds):
            raise AssertionError(f"never came true within {seconds} s; last seen: {found[0]!r}")
        return found[0]
