"""CoreDNS counts as ready before it knows the cluster's names: its readiness probe asks for life only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import healthy
from .changing import changed, coredns_starts, logged, rolled_out
from .pod_states import anew
from .settling import settled
from .world import World

SECONDS = 50000.0


def world() -> World:
    """The world itself."""
    well = healthy.world()
    objects = rolled_out(well.objects, "coredns", "644f549f4c", _on_health)
    objects = settled(changed(objects, "Pod", "coredns-", _restarted), SECONDS)
    return replace(
        well,
        name="readiness-probe-on-health",
        title="CoreDNS counts as ready before it knows the cluster's names",
        objects=objects,
        logs=logged(well.logs, objects, "coredns", lambda _pod: coredns_starts(SECONDS - 1)),
        status="at-risk",
        codes=("readiness-probe-on-health",),
    )


def _on_health(spec: Any) -> None:
    spec["containers"][0]["readinessProbe"]["httpGet"].update(path="/health", port=8080)


def _restarted(pod: Any) -> None:
    anew(pod, SECONDS)
