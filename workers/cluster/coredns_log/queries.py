"""The query log: shares of return codes, and how many questions a search list costs."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MAX_CLIENTS = 5000
MAX_LINE = 1 << 20
_STEPS_PER_DECADE = 20
_NAME = rb'[^ "\n\\]*+(?:\\.[^ "\n\\]*+)*+'
_LINE = re.compile(
    rb"^(?:[^ \n\[]+ )?\[INFO\] (?P<client>\S+):\d+ - \d+ "
    rb'"(?P<type>[A-Z0-9]+) [A-Z]+ (?P<name>' + _NAME + rb') [a-z0-9]+ \d+ \w+ \d+" '
    rb"(?P<rcode>[A-Z]+|-) (?P<flags>\S+) \d+ (?P<seconds>[0-9.eE+-]+)s",
    re.MULTILINE,
)
_ASKED = re.compile(rb' "[A-Z0-9]+ [A-Z]+ (' + _NAME + rb') [^"\n]*+" ([A-Z]+|-) ')
"""The same for the name and the code alone, which is many times as fast."""
_WHOLE = 1 << 19
"""Octets of a piece of which every line is read whole."""
_PART = 1 << 16
"""Octets of a longer piece that are read whole: for clients and times, their shares are enough."""


def whole_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces that end with a line. A line without end is let go in pieces."""
    rest = b""
    for chunk in chunks:
        cut = chunk.rfind(b"\n") + 1
        if not cut:
            rest += chunk
            if len(rest) > MAX_LINE:
                yield rest
                rest = b""
            continue
        yield rest + chunk[:cut]
        rest = chunk[cut:]
    if rest:
        yield rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One client's share of the query log."""

    address: str
    queries: int
    wasted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryFacts:
    """A query log in figures. rcodes: (code, count), most frequent first. seconds: p50 and p99 of the answers.

    wasted: NXDOMAIN for a name with dots and one of the search domains behind it. useful: NOERROR for names that carry
    none of them. clients: those with most waste; their shares and the times are estimates where the log is long.
    """

    queries: int = 0
    rcodes: tuple[tuple[str, int], ...] = ()
    wasted: int = 0
    useful: int = 0
    p50: float = 0.0
    p99: float = 0.0
    clients: tuple[Client, ...] = ()
    samples: tuple[str, ...] = ()

    def share(self, rcode: str) -> float:
        """The part of the queries that ended so, from 0 to 1."""
        return dict(self.rcodes).get(rcode, 0) / self.queries if self.queries else 0.0


def read_queries(chunks: Iterable[bytes], search: Iterable[str] = ("cluster.local", "internal")) -> QueryFacts:
    """The figures of a query log. search: domains that search lists put behind names. Flat memory."""
    return _Tally(tuple(search)).of(chunks)


class _Tally:
    def __init__(self, search: tuple[str, ...]) -> None:
        tails = "|".join(re.escape(domain.strip(".").lower()) for domain in search)
        # At least two labels before the search domain: a name that was meant to be absolute.
        self._tail = re.compile(rf"^[^.]+\.[^.]+.*?\.(?:[^.]+\.svc\.|svc\.|[^.]+\.)??(?:{tails})\.?$".encode())
        self._rcodes: Counter[bytes] = Counter()
        self._asked: Counter[bytes] = Counter()
        self._wasted: Counter[bytes] = Counter()
        self._times: Counter[int] = Counter()
        self._waste = self._useful = 0
        self._samples: list[str] = []

    def of(self, chunks: Iterable[bytes]) -> QueryFacts:
        for block in whole_lines(chunks):
            self._block(block)
        worst = [
            Client(address=a.decode(errors="replace"), queries=self._asked[a], wasted=w)
            for a, w in self._wasted.most_common(5)
        ]
        codes = tuple((code.decode(), count) for code, count in self._rcodes.most_common())
        return QueryFacts(
            queries=sum(self._rcodes.values()), rcodes=codes, wasted=self._waste, useful=self._useful,
            p50=self._percentile(0.50), p99=self._percentile(0.99), clients=tuple(worst), samples=tuple(self._samples),
        )  # fmt: skip

    def _block(self, block: bytes) -> None:
        if len(block) <= _WHOLE:
            for match in _LINE.finditer(block):
                self._count(match["rcode"], 1, searched=self._searched(match["name"]))
                self._who(match, 1)
            return
        counted = Counter(_ASKED.findall(block))
        for (name, rcode), count in counted.items():
            self._count(rcode, count, searched=self._searched(name))
        part = list(_LINE.finditer(block, 0, block.rfind(b"\n", 0, _PART) + 1))
        stands_for = max(1, round(counted.total() / len(part))) if part else 1
        for match in part:
            self._who(match, stands_for)

    def _searched(self, name: bytes) -> bool:
        """Whether a name has a search domain behind it."""
        return self._tail.match(name.lower()) is not None

    def _count(self, rcode: bytes, count: int, *, searched: bool) -> None:
        self._rcodes[rcode] += count
        if rcode == b"NXDOMAIN" and searched:
            self._waste += count
        elif rcode == b"NOERROR" and not searched:
            self._useful += count

    def _who(self, match: re.Match[bytes], count: int) -> None:
        client = match["client"]
        if client not in self._asked and len(self._asked) >= MAX_CLIENTS:
            client = b"others"
        self._asked[client] += count
        self._times[_step(match["seconds"])] += count
        if match["rcode"] == b"NXDOMAIN" and self._searched(match["name"]):
            self._wasted[client] += count
            if len(self._samples) < 4:
                self._samples.append(match[0].decode(errors="replace")[:300])

    def _percentile(self, part: float) -> float:
        left = part * sum(self._times.values())
        for step in sorted(self._times):
            left -= self._times[step]
            if left <= 0:
                return round(float(10 ** (step / _STEPS_PER_DECADE)), 9)
        return 0.0


def _step(seconds: bytes) -> int:
    """Which step of a logarithmic scale a time falls on: percentiles are right within a tenth."""
    try:
        value = float(seconds)
    except ValueError:
        return -9 * _STEPS_PER_DECADE
    return round(math.log10(min(max(value, 1e-9), 1e6)) * _STEPS_PER_DECADE)
