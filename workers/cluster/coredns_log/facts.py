"""The log of one CoreDNS container in a few figures."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from .lines import Fingerprint, Said, Spoken, age, read_line

MAX_KINDS = 60
MAX_NAMES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A Corefile that CoreDNS said it runs. age: seconds ago, -1 where unknown."""

    value: str
    at: str
    age: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Lines alike: what they say, how many things they count, first and last seconds ago (-1: unknown), the last one.

    address: of the upstream or the API server. names: some of the names that were asked.
    """

    said: Said
    count: int
    lines: int
    first_age: float
    last_age: float
    last: str
    address: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFacts:
    """What a container's log says. lines: read. oldest_age, newest_age: seconds ago, -1 where unknown.

    running: fingerprints in order. seen: what else it says, most frequent first. queries: lines of the query log.
    """

    lines: int = 0
    oldest_age: float = -1.0
    newest_age: float = -1.0
    running: tuple[Running, ...] = ()
    seen: tuple[Seen, ...] = ()
    queries: int = 0

    def of(self, *said: Said) -> tuple[Seen, ...]:
        """Those lines that say one of these."""
        return tuple(each for each in self.seen if each.said in said)


@dataclass(slots=True)
class _Pile:
    first: str
    last: Spoken
    count: int = 0
    lines: int = 0
    names: dict[str, None] = field(default_factory=dict)


def classify(text: str, now: datetime) -> LogFacts:
    """What a log (with the kubelet's timestamps) says, as seen at NOW. Takes any text."""
    piles: dict[tuple[Said, str], _Pile] = {}
    running: list[Running] = []
    lines = queries = 0
    oldest = newest = ""
    for line in text.split("\n"):
        if not line:
            continue
        lines += 1
        at = line.partition(" ")[0]
        oldest, newest = oldest or at, at
        found = read_line(line)
        if found is None:
            queries += "] " in line and " - " in line and '" ' in line
        elif isinstance(found, Fingerprint):
            running.append(Running(value=found.value, at=found.at, age=age(found.at, now)))
        else:
            _put(piles, found)
    seen = sorted((_seen(key, pile, now) for key, pile in piles.items()), key=lambda each: -each.count)
    return LogFacts(
        lines=lines, oldest_age=age(oldest, now), newest_age=age(newest, now), running=tuple(running[-20:]),
        seen=tuple(seen), queries=queries,
    )  # fmt: skip


def _put(piles: dict[tuple[Said, str], _Pile], found: Spoken) -> None:
    key = (found.said, found.address)
    if key not in piles and len(piles) >= MAX_KINDS:
        key = (found.said, "")
    pile = piles.setdefault(key, _Pile(first=found.at, last=found))
    pile.last = found
    pile.count += found.count
    pile.lines += 1
    if found.name and len(pile.names) < MAX_NAMES:
        pile.names[found.name] = None


def _seen(key: tuple[Said, str], pile: _Pile, now: datetime) -> Seen:
    return Seen(
        said=key[0], address=key[1], count=pile.count, lines=pile.lines, first_age=age(pile.first, now),
        last_age=age(pile.last.at, now), last=f"{pile.last.at} {pile.last.text}".strip(), names=tuple(pile.names),
    )  # fmt: skip
