"""The query log: shares of return codes, and how many questions a search list costs."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

RCODES = ("NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED", "FORMERR", "NOTIMP", "-")
MAX_CLIENTS = 5000
MAX_LINE = 1 << 20
_STEPS_PER_DECADE = 20
_LINE = re.compile(
    rb"^(?:[^ \n\[]+ )?\[INFO\] (?P<client>\S+):\d+ - \d+ "
    rb'"(?P<type>[A-Z0-9]+) [A-Z]+ (?P<name>(?:[^\\ \n"]|\\.)*+) [a-z0-9]+ \d+ \w+ \d+" '
    rb"(?P<rcode>[A-Z]+|-) (?P<flags>\S+) \d+ (?P<seconds>[0-9.eE+-]+)s",
    re.MULTILINE,
)


def count_rcodes(chunks: Iterable[bytes]) -> Counter[str]:
    """How many queries of a query log ended with each return code. Flat memory; a million lines a second and more.

    A name can hold neither a plain space nor a plain quote (CoreDNS escapes both), so it cannot fake a return code.
    """
    counted: Counter[str] = Counter()
    patterns = [(rcode, f'" {rcode} '.encode()) for rcode in RCODES]
    for block in whole_lines(chunks):
        for rcode, pattern in patterns:
            counted[rcode] += block.count(pattern)
    return +counted


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
    none of them. clients: those with most waste.
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
        self._useful = 0
        self._samples: list[str] = []

    def of(self, chunks: Iterable[bytes]) -> QueryFacts:
        for block in whole_lines(chunks):
            for match in _LINE.finditer(block):
                self._take(match)
        total = sum(self._rcodes.values())
        worst = [
            Client(address=a.decode(errors="replace"), queries=self._asked[a], wasted=w)
            for a, w in self._wasted.most_common(5)
        ]
        codes = tuple((code.decode(), count) for code, count in self._rcodes.most_common())
        return QueryFacts(
            queries=total, rcodes=codes, wasted=sum(self._wasted.values()), useful=self._useful,
            p50=self._percentile(0.50), p99=self._percentile(0.99), clients=tuple(worst), samples=tuple(self._samples),
        )  # fmt: skip

    def _take(self, match: re.Match[bytes]) -> None:
        rcode, name, client = match["rcode"], match["name"].lower(), match["client"]
        if client not in self._asked and len(self._asked) >= MAX_CLIENTS:
            client = b"others"
        self._rcodes[rcode] += 1
        self._asked[client] += 1
        self._times[_step(match["seconds"])] += 1
        searched = self._tail.match(name) is not None
        if rcode == b"NXDOMAIN" and searched:
            self._wasted[client] += 1
            if len(self._samples) < 4:
                self._samples.append(match[0].decode(errors="replace")[:300])
        elif rcode == b"NOERROR" and not searched:
            self._useful += 1

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
