"""The Service kube-dns was made anew and has another address; every kubelet hands out the old one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import healthy
from .changing import changed
from .recording import ago
from .settling import settled
from .world import World

ADDRESS = "172.20.74.53"
SECONDS = 2400.0
"""Since it was made anew."""


def world() -> World:
    """The world itself."""
    well = healthy.world()
    objects = changed(well.objects, "Service", "kube-dns", _anew)
    objects = changed(objects, "EndpointSlice", "kube-dns-", _slice_anew)
    return replace(
        well,
        name="kube-dns-clusterip-changed",
        title="The Service kube-dns was made anew and has another address",
        objects=settled(objects, SECONDS),
        status="problem",
        codes=("kube-dns-clusterip-changed",),
    )


def _anew(service: Any) -> None:
    service["spec"].update(clusterIP=ADDRESS, clusterIPs=[ADDRESS])
    service["metadata"].update(creationTimestamp=ago(SECONDS), uid="5b1c7d0e-47e2-4f2f-9a53-1f0b7a0c74d3")


def _slice_anew(one: Any) -> None:
    one["metadata"].update(creationTimestamp=ago(SECONDS), name="kube-dns-x5zhl", generation=2)
    one["metadata"]["ownerReferences"][0]["uid"] = "5b1c7d0e-47e2-4f2f-9a53-1f0b7a0c74d3"
