"""CoreDNS runs no replica: its Deployment was scaled to zero."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import healthy
from .changing import changed, without
from .settling import settled
from .world import World

SECONDS = 1100.0


def world() -> World:
    """The world itself."""
    well = healthy.world()
    objects = without(well.objects, "Pod", "coredns-")
    objects = changed(objects, "Deployment", "coredns", _no_replicas)
    objects = changed(objects, "ReplicaSet", "coredns-", _no_replicas)
    return replace(
        well,
        name="coredns-scaled-to-zero",
        title="CoreDNS runs no replica",
        objects=settled(objects, SECONDS),
        logs={key: text for key, text in well.logs.items() if "/coredns-" not in key},
        status="problem",
        codes=("coredns-scaled-to-zero",),
    )


def _no_replicas(one: Any) -> None:
    one["spec"]["replicas"] = 0
    one["metadata"]["generation"] += 1
