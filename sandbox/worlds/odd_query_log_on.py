"""CoreDNS logs every query, and nothing is wrong: names inside the cluster, some by their search list, and outside ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from . import healthy
from .changing import changed, coredns_starts, edited_corefile, logged
from .pod_states import anew
from .settling import settled
from .world import Object, World

SECONDS = 7200.0
FINGERPRINT = (
    "0360584526129d6027c34f3e6b23973d3e900f45163d67ded0373b20a1f6144a"
    "d652b218b1d8d370911d47c9aaade12d612cf573a4c1df196f97dbb5504f7ee6"
)
CLIENTS = ("10.20.1.130", "10.20.2.132", "10.20.3.131")
ASKED = (
    ("web.shop.svc.cluster.local", "NOERROR qr,aa,rd 106", "0.000183712"),
    ("api.shop.svc.cluster.local", "NOERROR qr,aa,rd 106", "0.000151904"),
    ("amazon.com.shop.svc.cluster.local", "NXDOMAIN qr,aa,rd 155", "0.000141327"),
    ("kubernetes.default.svc.cluster.local", "NOERROR qr,aa,rd 126", "0.000166215"),
    ("amazon.com", "NOERROR qr,rd,ra 70", "0.002218841"),
)


def world() -> World:
    """The world itself."""
    well = healthy.world()
    objects = edited_corefile(well.objects, "    errors\n", "    errors\n    log\n", SECONDS + 30)
    objects = settled(changed(objects, "Pod", "coredns-", _restarted), SECONDS)
    return replace(
        well,
        name="odd-query-log-on",
        title="Nothing is wrong: CoreDNS logs every query",
        objects=objects,
        logs=logged(well.logs, objects, "coredns", _lines),
    )


def _restarted(pod: Any) -> None:
    anew(pod, SECONDS)


def _lines(_: Object) -> Iterator[tuple[float, str]]:
    yield from coredns_starts(SECONDS - 1, FINGERPRINT)
    for number, at in enumerate(range(int(SECONDS) - 10, 3, -12)):
        name, answer, took = ASKED[number % len(ASKED)]
        client = f"{CLIENTS[number % len(CLIENTS)]}:{32768 + number * 37 % 28000}"
        question = f'"A IN {name}. udp {len(name) + 18} false 512"'
        yield at, f"[INFO] {client} - {4096 + number * 113 % 60000} {question} {answer} {took}s"
