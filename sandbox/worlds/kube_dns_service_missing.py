"""The Service kube-dns is gone; CoreDNS runs, and nobody is led to it."""

from __future__ import annotations

from dataclasses import replace

from . import healthy
from .changing import without
from .settling import settled
from .world import World


def world() -> World:
    """The world itself."""
    well = healthy.world()
    return replace(
        well,
        name="kube-dns-service-missing",
        title="The Service kube-dns is gone",
        objects=settled(without(well.objects, "Service", "kube-dns"), 900),
        pod="shop/cart",
        asked="web.shop",
        status="problem",
        codes=("kube-dns-service-missing",),
    )
