"""Events of the cluster as a diagnosis needs them: what happened to which object, how often, how long ago."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from . import ages
from .objects import Event

MOST = 60
MESSAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One event. kind, namespace, name: the object it is about. age: seconds since it was last seen. host: who reported."""

    reason: str
    message: str
    kind: str = ""
    namespace: str = ""
    name: str = ""
    count: int = 1
    age: float | None = None
    host: str = ""

    @property
    def line(self) -> str:
        """The event in a line, for evidence."""
        about = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"event {self.reason} x{self.count}, {ages.words(self.age)} ago, {self.kind} {about}: {self.message}"


def happening(event: Event, now: float) -> Happening:
    """EVENT without what nobody judges; its message is cut and on one line."""
    about = event.involved_object
    return Happening(
        reason=event.reason,
        message=" ".join(event.message.split())[:MESSAGE],
        kind=about.kind,
        namespace=about.namespace,
        name=about.name,
        count=max(1, event.count),
        age=ages.age(event.last_seen, now),
        host=event.source.host,
    )


def about(events: Iterable[Event], owners: Sequence[str], now: float) -> tuple[Happening, ...]:
    """The newest events about objects of these names, or whose names begin so and go on with a dash; newest first."""
    found = [
        happening(event, now)
        for event in events
        if any(event.involved_object.name == o or event.involved_object.name.startswith(f"{o}-") for o in owners)
    ]
    return newest(found)


def newest(found: Iterable[Happening]) -> tuple[Happening, ...]:
    """The newest happenings, newest first; those of an unknown time last."""
    return tuple(sorted(found, key=lambda h: float("inf") if h.age is None else h.age)[:MOST])
