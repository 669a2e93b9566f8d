"""The VPC hands out a name server of the company's that does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from . import healthy
from .changing import changed, coredns_starts, logged, upstream_silent
from .pod_states import anew
from .settling import settled
from .world import Object, World

RESTARTED = 1500.0
"""Seconds since CoreDNS was restarted and took over the nodes' new resolv.conf."""
SERVER = "10.20.9.53"


def world() -> World:
    """The world itself."""
    well = healthy.world()
    objects = settled(changed(well.objects, "Pod", "coredns-", _restarted), RESTARTED)
    options = {"domain-name": ["ec2.internal"], "domain-name-servers": [SERVER]}
    network = replace(healthy.network(objects), dhcp={"id": "dopt-9d7b7b6894c41eaeb", "options": options})
    conf = f"search ec2.internal\nnameserver {SERVER}\noptions timeout:2 attempts:5\n"
    return replace(
        well,
        name="dhcp-options-custom-dns",
        title="The VPC hands out a name server of the company's that does not answer",
        objects=objects,
        logs=logged(well.logs, objects, "coredns", _lines),
        wiring=replace(well.wiring, resolv_conf={"*": conf}),
        account=replace(well.account, network=network),
        asked="amazon.com",
        status="problem",
        codes=("dhcp-options-custom-dns",),
    )


def _restarted(pod: Any) -> None:
    anew(pod, RESTARTED)


def _lines(pod: Object) -> Iterator[tuple[float, str]]:
    yield from coredns_starts(RESTARTED - 1)
    yield from upstream_silent(pod, (SERVER,), "amazon.com", RESTARTED - 12)
