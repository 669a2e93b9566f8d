"""The Service kube-dns selects a label that no pod has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import healthy
from .changing import changed
from .settling import settled
from .world import World


def world() -> World:
    """The world itself."""
    well = healthy.world()
    return replace(
        well,
        name="kube-dns-selector-mismatch",
        title="The Service kube-dns selects no pod",
        objects=settled(changed(well.objects, "Service", "kube-dns", _select_others), 1200),
        status="problem",
        codes=("kube-dns-selector-mismatch",),
    )


def _select_others(service: Any) -> None:
    service["spec"]["selector"] = {"k8s-app": "coredns"}
