"""One workload asks the node's name server, by dnsPolicy Default, and finds no Service."""

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
        name="pod-dnspolicy-default",
        title="One workload has dnsPolicy Default and finds no Service",
        objects=rolled_out(well.objects, "web", "86cf6497f6", _default),
        pod="shop/web",
        asked="api.shop",
        status="problem",
        codes=("pod-dnspolicy-default",),
    )


def _default(spec: Any) -> None:
    spec["dnsPolicy"] = "Default"
