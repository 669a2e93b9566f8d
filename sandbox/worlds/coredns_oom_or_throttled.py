"""CoreDNS may use so little memory that the kernel kills it as soon as it starts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from . import healthy
from .changing import backing_off, changed, logged, rolled_out
from .pod_states import anew, crashing
from .settling import settled
from .world import Object, World

SECONDS, KILLED = 640.0, 75.0
"""Since the pods were made, and since the kernel last killed one."""
MEMORY = "9Mi"


def world() -> World:
    """The world itself."""
    well = healthy.world()
    objects = rolled_out(well.objects, "coredns", "58974f5455", _less_memory)
    objects = settled(changed(objects, "Pod", "coredns-", _killed), SECONDS)
    return replace(
        well,
        name="coredns-oom-or-throttled",
        title="CoreDNS may use so little memory that it is killed",
        objects=(*objects, *backing_off(objects, "coredns-", 15, count=31)),
        logs=logged(well.logs, objects, "coredns", _lines),
        status="problem",
        codes=("coredns-oom-or-throttled",),
    )


def _less_memory(spec: Any) -> None:
    spec["containers"][0]["resources"] = {"limits": {"memory": MEMORY}, "requests": {"cpu": "100m", "memory": MEMORY}}


def _killed(pod: Any) -> None:
    anew(pod, SECONDS)
    crashing(pod, KILLED, restarts=6, code=137, reason="OOMKilled")


def _lines(_pod: Object) -> Iterator[tuple[float, str]]:
    """It does not come far."""
    yield KILLED + 0.4, "maxprocs: Leaving GOMAXPROCS=2: CPU quota undefined"
