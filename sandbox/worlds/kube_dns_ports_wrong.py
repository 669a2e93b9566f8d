"""The Service kube-dns sends UDP to a port where nobody listens; TCP goes where it should."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from . import healthy
from .changing import Objects, changed
from .settling import settled
from .world import Object, World


def world() -> World:
    """The world itself."""
    well = healthy.world()
    return replace(
        well,
        name="kube-dns-ports-wrong",
        title="The Service kube-dns sends UDP to a port where nobody listens",
        objects=broken(well.objects),
        status="problem",
        codes=("kube-dns-ports-wrong",),
    )


def broken(objects: Iterable[Object]) -> Objects:
    """OBJECTS with that Service, and the slice that follows it."""
    return settled(changed(objects, "Service", "kube-dns", _elsewhere), 1800)


def _elsewhere(service: Any) -> None:
    service["spec"]["ports"][0]["targetPort"] = 5353
