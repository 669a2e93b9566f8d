"""The Corefile in the ConfigMap cannot be loaded; CoreDNS goes on with the one it has, until a pod is restarted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from . import healthy
from .changing import changed, coredns_starts, edited_corefile, logged
from .pod_states import anew
from .settling import settled
from .world import Object, Page, World

STARTED, EDITED = 90000.0, 5400.0
FAILED = (
    "starting with listener file descriptors: plugin/kubernetes: /etc/coredns/Corefile:9 - Error during parsing: unknown "
    "property 'endpoint_pod_name'"
)


def world() -> World:
    """The world itself."""
    well = healthy.world()
    edited = edited_corefile(well.objects, "pods insecure\n", "pods insecure\n      endpoint_pod_name\n", EDITED)
    objects = settled(changed(edited, "Pod", "coredns-", _restarted), STARTED)
    metrics = well.pages["coredns:9153"]["/metrics"]
    return replace(
        well,
        name="corefile-reload-timebomb",
        title="The Corefile in the ConfigMap is wrong, and CoreDNS goes on with the one it has",
        objects=objects,
        logs=logged(well.logs, objects, "coredns", _lines),
        pages={**well.pages, "coredns:9153": {"/metrics": _counted(metrics)}},
        status="at-risk",
        codes=("corefile-reload-timebomb",),
    )


def _restarted(pod: Any) -> None:
    anew(pod, STARTED)


def _counted(page: Page) -> Page:
    status, text = page
    return status, text.replace("coredns_reload_failed_total 0", "coredns_reload_failed_total 1")


def _lines(_pod: Object) -> Iterator[tuple[float, str]]:
    yield from coredns_starts(STARTED - 1)
    at = EDITED - 55
    yield at, "[INFO] Reloading"
    yield at, f"[ERROR] Restart failed: {FAILED}"
    yield at, f"[ERROR] plugin/reload: Corefile changed but reload failed: {FAILED}"
