"""One workload brings DNS settings of its own, with a name server that is not the cluster's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import healthy
from .changing import rolled_out
from .world import World


def world() -> World:
    """The world itself."""
    well = healthy.world()
    return replace(
        well,
        name="dnsconfig-none-wrong",
        title="One workload brings its own DNS settings, with a name server that is not the cluster's",
        objects=rolled_out(well.objects, "web", "5f7c9d8b64", _own),
        pod="shop/web",
        asked="api.shop",
        status="problem",
        codes=("dnsconfig-none-wrong",),
    )


def _own(spec: Any) -> None:
    spec["dnsPolicy"] = "None"
    spec["dnsConfig"] = {
        "nameservers": [healthy.RESOLVER],
        "searches": ["shop.svc.cluster.local", "svc.cluster.local"],
        "options": [{"name": "ndots", "value": "2"}],
    }
