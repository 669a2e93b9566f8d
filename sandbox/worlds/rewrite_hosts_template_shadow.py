"""CoreDNS answers for an outside domain by itself, from a file of hosts that has only one of its names."""

from __future__ import annotations

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

SECONDS = 3000.0
HOSTS = "hosts /etc/coredns/custom.hosts example.com {\n      203.0.113.10 api.example.com\n    }"
FINGERPRINT = (
    "021d1f04e7b5c7969127b0c4a2fa78e0f5e6097dc1bf28eed5357681fa97047e"
    "42a69693b714eb4290dde0027137efe0e7f52bf5a67f56da02beeb50380f4b51"
)


def world() -> World:
    """The world itself."""
    well = healthy.world()
    objects = edited_corefile(well.objects, "    ready\n", f"    ready\n    {HOSTS}\n", SECONDS + 30)
    objects = settled(changed(objects, "Pod", "coredns-", _restarted), SECONDS)
    file = Zone(origin="example.com", records={"api.example.com": (("A", "203.0.113.10"),)}, ttl=3600)
    failing = {"example.com": "SERVFAIL", "*.example.com": "SERVFAIL"}
    return replace(
        well,
        name="rewrite-hosts-template-shadow",
        title="CoreDNS answers for an outside domain by itself, and knows only one of its names",
        objects=(*objects, *deployed(well.objects, "orders", "10.20.2.141")),
        logs=logged(well.logs, objects, "coredns", _lines),
        replica_manners={"*": Manners(kept=(file,), rcodes=failing)},
        pod="shop/orders",
        asked="www.example.com",
        status="problem",
        codes=("rewrite-hosts-template-shadow",),
    )


def _restarted(pod: Any) -> None:
    anew(pod, SECONDS)


def _lines(_: Object) -> Iterator[tuple[float, str]]:
    yield from coredns_starts(SECONDS - 1, FINGERPRINT)
