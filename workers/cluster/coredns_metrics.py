"""CoreDNS' own counters, whatever its release calls them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_SAMPLE = re.compile(r"^(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)(?: -?\d+)?$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
RESPONSES = ("coredns_dns_responses_total", "coredns_dns_response_rcode_count_total")
FORWARDED = ("coredns_proxy_request_duration_seconds", "coredns_forward_request_duration_seconds")
"""The first since 1.11, the second before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """One replica's counters since it started. rcodes: (code, count).

    forwarded, forwarded_absent: questions to name servers, and how many of these ended in NXDOMAIN. forward_seconds: the
    sum of their times. p99: of all answers, upper bound of its bucket, 0 where none. rejects: None where `forward` has no
    limit to count for.
    """

    rcodes: tuple[tuple[str, int], ...] = ()
    forwarded: int = 0
    forwarded_absent: int = 0
    forward_seconds: float = 0.0
    p99: float = 0.0
    rejects: int = 0
    panics: int = 0
    reload_failures: int = 0

    @property
    def answers(self) -> int:
        """All answers."""
        return sum(count for _, count in self.rcodes)

    def of(self, rcode: str) -> int:
        """The answers with a return code."""
        return dict(self.rcodes).get(rcode, 0)


def read(text: str) -> Counters:
    """The counters of a page of metrics; a line that is none is left out. Takes any text."""
    rcodes: dict[str, int] = {}
    buckets: dict[float, float] = {}
    sums: dict[str, float] = {}
    forwarded = absent = 0
    for name, labels, value in samples(text):
        if name in RESPONSES:
            rcodes[labels.get("rcode", "")] = rcodes.get(labels.get("rcode", ""), 0) + int(value)
        elif name == "coredns_dns_request_duration_seconds_bucket":
            edge = _figure(labels.get("le", ""))
            buckets[edge] = buckets.get(edge, 0.0) + value
        elif name in (f"{each}_count" for each in FORWARDED) and labels.get("proxy_name", "forward") == "forward":
            forwarded += int(value)
            absent += int(value) if labels.get("rcode") == "NXDOMAIN" else 0
        else:
            key = next((f"{each}_sum" for each in FORWARDED if name == f"{each}_sum"), name)
            sums[key] = sums.get(key, 0.0) + value
    return Counters(
        rcodes=tuple(sorted(rcodes.items(), key=lambda item: -item[1])), forwarded=forwarded, forwarded_absent=absent,
        forward_seconds=round(sum(sums.get(f"{each}_sum", 0.0) for each in FORWARDED), 6), p99=_p99(buckets),
        rejects=int(sums.get("coredns_forward_max_concurrent_rejects_total", 0)
                    + sums.get("coredns_forward_max_concurrent_reject_count_total", 0)),
        panics=int(sums.get("coredns_panics_total", 0) + sums.get("coredns_panic_count_total", 0)),
        reload_failures=int(sums.get("coredns_reload_failed_total", 0) + sums.get("coredns_reload_failed_count_total", 0)),
    )  # fmt: skip


def samples(text: str) -> Iterator[tuple[str, Mapping[str, str], float]]:
    """Name, labels and value of each line of CoreDNS' own metrics."""
    for line in text.split("\n"):
        if not line.startswith("coredns_"):
            continue
        found = _SAMPLE.match(line)
        value = _figure(found["value"]) if found else -1.0
        if found and 0 <= value < 1e18:
            yield found["name"], dict(_LABEL.findall(found["labels"] or "")), value


def _figure(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return -1.0


def _p99(buckets: Mapping[float, float]) -> float:
    """The edge of the bucket in which the 99th percentile lies; 0 where there are no answers."""
    edges = sorted(edge for edge in buckets if edge >= 0)
    if not edges or not buckets[edges[-1]]:
        return 0.0
    finite = [edge for edge in edges if edge != float("inf")]
    wanted = 0.99 * buckets[edges[-1]]
    return next((edge for edge in finite if buckets[edge] >= wanted), finite[-1] if finite else 0.0)
