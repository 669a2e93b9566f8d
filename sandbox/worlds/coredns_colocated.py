"""All CoreDNS pods run on one node: the others were closed for a moment when the pods were made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import healthy
from .changing import changed, coredns_starts, logged
from .pod_states import anew, settle_at
from .settling import settled
from .world import World

SECONDS = 70000.0
NODE = 2


def world() -> World:
    """The world itself."""
    well = healthy.world()
    objects = settled(changed(well.objects, "Pod", "coredns-", _on_one_node), SECONDS)
    return replace(
        well,
        name="coredns-colocated",
        title="All CoreDNS pods run on one node",
        objects=objects,
        logs=logged(well.logs, objects, "coredns", lambda _pod: coredns_starts(SECONDS - 1)),
        status="at-risk",
        codes=("coredns-colocated-or-under-replicated",),
    )


def _on_one_node(pod: Any) -> None:
    anew(pod, SECONDS)
    settle_at(pod, NODE, int(pod["status"]["podIP"].rpartition(".")[2]))
