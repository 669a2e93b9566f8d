"""CoreDNS may no longer read EndpointSlices, and was restarted since: it runs, and is never ready."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from . import healthy
from .changing import RECORDED, changed, event, every, logged
from .pod_states import anew, unready
from .settling import settled
from .world import Object, World

SECONDS = 600.0


def world() -> World:
    """The world itself."""
    well = healthy.world()
    objects = changed(well.objects, "ClusterRole", "system:coredns", _too_old)
    objects = settled(changed(objects, "Pod", "coredns-", _never_ready), SECONDS)
    pods = every(objects, "Pod", "coredns-")
    unwell = "Readiness probe failed: HTTP probe failed with statuscode: 503"
    return replace(
        well,
        name="coredns-rbac-endpointslices",
        title="CoreDNS may not read EndpointSlices",
        objects=(*objects, *(event(pod, 6, "Unhealthy", unwell, count=59) for pod in pods)),
        logs=logged(well.logs, objects, "coredns", _lines),
        pages={**well.pages, "coredns:8181": {"/ready": (503, "kubernetes")}},
        status="problem",
        codes=("coredns-rbac-endpointslices",),
    )


def _too_old(role: Any) -> None:
    role["rules"] = [rule for rule in role["rules"] if "endpointslices" not in rule["resources"]]


def _never_ready(pod: Any) -> None:
    anew(pod, SECONDS)
    unready(pod, SECONDS)


def _lines(_pod: Object) -> Iterator[tuple[float, str]]:
    begun = SECONDS - 1
    yield begun, "maxprocs: Leaving GOMAXPROCS=2: CPU quota undefined"
    for number in range(9):
        yield begun - 0.5 * (number + 1), "[INFO] plugin/kubernetes: waiting for Kubernetes API before starting server"
    yield begun - 5, "[WARNING] plugin/kubernetes: starting server with unsynced Kubernetes API"
    yield begun - 5, ".:53"
    yield begun - 5, f"[INFO] plugin/reload: Running configuration SHA512 = {RECORDED}"
    yield begun - 5, "CoreDNS-1.12.4"
    yield begun - 5, "linux/amd64, go1.26.8, "
    for at in range(int(begun) - 8, 2, -10):
        yield at, '[INFO] plugin/ready: Plugins not ready: "kubernetes"'
        if at % 30 < 10:
            yield at - 1, "[ERROR] plugin/kubernetes: Failed to watch"
