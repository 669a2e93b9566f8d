"""The name servers of one private domain do not answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sandbox.dns import Manners

from . import healthy
from .changing import changed, coredns_starts, edited_corefile, logged, upstream_silent
from .pod_states import anew
from .settling import settled
from .workloads import deployed
from .world import Object, World

SECONDS = 1200.0
SERVERS = ("10.20.9.53", "10.20.9.54")
BLOCK = f"corp.example:53 {{\n    errors\n    cache 30\n    forward . {' '.join(SERVERS)}\n}}\n"
FINGERPRINT = (
    "9055b1943be90e0e3a1a1ff05cc33378614f9601fe1de3a03862d1b0e66061fa"
    "de05ac132b7e235b4488e4a7acf3458b4f8549c3929796de1ea09dc72eff75c1"
)


def world() -> World:
    """The world itself."""
    well = healthy.world()
    objects = edited_corefile(well.objects, "    loadbalance\n}\n", f"    loadbalance\n}}\n{BLOCK}", SECONDS + 30)
    objects = settled(changed(objects, "Pod", "coredns-", _restarted), SECONDS)
    return replace(
        well,
        name="stub-domain-dead",
        title="The name servers of one private domain do not answer",
        objects=(*objects, *deployed(well.objects, "ledger", "10.20.1.141")),
        logs=logged(well.logs, objects, "coredns", _lines),
        replica_manners={"*": Manners(late={"*.corp.example": 2.0}, rcodes={"*.corp.example": "SERVFAIL"})},
        pod="shop/ledger",
        asked="db.corp.example",
        status="problem",
        codes=("stub-domain-dead",),
    )


def _restarted(pod: Any) -> None:
    anew(pod, SECONDS)


def _lines(pod: Object) -> Iterator[tuple[float, str]]:
    yield from coredns_starts(SECONDS - 1, FINGERPRINT)
    yield from upstream_silent(pod, SERVERS, "db.corp.example", SECONDS - 21, every=17)
