"""One node drops DNS that leaves it, by a rule of its own firewall."""

from __future__ import annotations

from dataclasses import replace

from sandbox.kube.network import Barrier

from . import healthy
from .world import World

NODE = "ip-10-20-1-10.ec2.internal"


def world() -> World:
    """The world itself."""
    well = healthy.world()
    return replace(
        well,
        name="one-node-drops-dns",
        title="One node drops DNS that leaves it",
        wiring=replace(well.wiring, barriers=(Barrier(node=NODE, away=True),)),
        status="problem",
        codes=("node-firewall-drops-53",),
    )
