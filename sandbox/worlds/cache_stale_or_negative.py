"""A record is there by now, and CoreDNS goes on saying that it is not: its cache keeps such answers for an hour."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sandbox.dns import Manners, Zone

from . import healthy
from .changing import changed, coredns_starts, edited_corefile, logged
from .pod_states import anew
from .settling import settled
from .workloads import deployed
from .world import Object, World

SECONDS = 1700.0
"""Since CoreDNS was restarted with that cache."""
LEFT = 1790
"""Seconds for which the old answer is kept from now on."""
NAME = "orders-db.corp.example"
FINGERPRINT = (
    "2fab7f37616ba03bdeaf072996451b655f87eae048737e3d85bf5c30aacb47bd"
    "7d51084eccd67386e9af63c2a8905bf6f6a208423a4289c7d185e553f02e63ac"
)


def world() -> World:
    """The world itself."""
    well = healthy.world()
    caching = "cache 3600 {\n      denial 9984 3600 1800\n    }"
    objects = edited_corefile(well.objects, "cache 30", caching, SECONDS + 30)
    objects = settled(changed(objects, "Pod", "coredns-", _restarted), SECONDS)
    corp = Zone(origin="corp.example", records={NAME: (("A", "10.20.1.77"),)})
    old = Zone(origin="corp.example", absent=(NAME,), until=time.time() + LEFT)
    return replace(
        well,
        name="cache-stale-or-negative",
        title="A record is there by now, and CoreDNS goes on saying that it is not",
        objects=(*objects, *deployed(well.objects, "orders", "10.20.2.141")),
        logs=logged(well.logs, objects, "coredns", _lines),
        zones=(*well.zones, corp),
        replica_manners={"*": Manners(kept=(old,))},
        pod="shop/orders",
        asked=NAME,
        status="problem",
        codes=("cache-stale-or-negative",),
    )


def _restarted(pod: Any) -> None:
    anew(pod, SECONDS)


def _lines(_: Object) -> Iterator[tuple[float, str]]:
    yield from coredns_starts(SECONDS - 1, FINGERPRINT)
