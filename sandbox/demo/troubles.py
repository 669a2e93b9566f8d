"""The ways in which people can make the demo's Slack misbehave, and switching them on and off."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from sandbox.slack import ALL, Fault, LostReply, SlackServer, Slow, Status, TooMany


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One way. fault: None where it is a setting of the workspace. every: only each so many-th call meets it."""

    name: str
    title: str
    about: str
    fault: Fault | None = None
    method: str = ALL
    every: int = 1


TROUBLES = (
    Trouble(name="slow", title="Slack is slow", about="Every answer takes three seconds.", fault=Slow(3.0)),
    Trouble(
        name="busy",
        title="Slack says: too many requests",
        about="Every second call is refused with 429, to be tried again after a second.",
        fault=TooMany(1),
        every=2,
    ),
    Trouble(
        name="lost",
        title="Answers get lost",
        about="Slack takes every third message, but its answer never arrives. Nothing may be posted twice.",
        fault=LostReply(),
        method="chat.postMessage",
        every=3,
    ),
    Trouble(name="down", title="Slack is down", about="Every call fails with HTTP 503.", fault=Status(503)),
    Trouble(name="old", title="Slack refuses new blocks", about="It knows no plan, container or table block."),
)


class TroubleSwitches:
    """Which of them are on. Safe for threads."""

    def __init__(self, slack: SlackServer) -> None:
        self._slack = slack
        self._on: set[str] = set()
        self._lock = Lock()

    def is_on(self, name: str) -> bool:
        """Whether the trouble of this name is on."""
        return name in self._on

    def set(self, name: str, *, on: bool) -> None:
        """Switch one on or off. Raises KeyError where there is none of this name."""
        if name not in {each.name for each in TROUBLES}:
            raise KeyError(name)
        with self._lock:
            (self._on.add if on else self._on.discard)(name)
            self._slack.faults.clear()
            for each in TROUBLES:
                if each.fault is not None and each.name in self._on:
                    self._slack.faults.set(each.method, each.fault, every=each.every)
            self._slack.admin.set_modern_blocks(known="old" not in self._on)
