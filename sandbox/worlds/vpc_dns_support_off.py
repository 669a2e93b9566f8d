"""The VPC's own DNS is switched off, and CoreDNS can ask nobody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from . import healthy
from .changing import coredns_starts, logged, upstream_silent
from .recording import DAYS
from .world import Object, World

OFF = 900.0
"""Seconds since it was switched off."""


def world() -> World:
    """The world itself."""
    well = healthy.world()
    network = healthy.network(well.objects)
    return replace(
        well,
        name="vpc-dns-support-off",
        title="The VPC's own DNS is switched off",
        logs=logged(well.logs, well.objects, "coredns", _lines),
        account=replace(well.account, network=replace(network, vpc={**network.vpc, "dns_support": False})),
        asked="amazon.com",
        status="problem",
        codes=("vpc-dns-support-off",),
    )


def _lines(pod: Object) -> Iterator[tuple[float, str]]:
    yield from coredns_starts(DAYS * 86400.0)
    yield from upstream_silent(pod, (healthy.RESOLVER,), "amazon.com", OFF)
