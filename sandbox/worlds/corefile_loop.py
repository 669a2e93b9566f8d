"""CoreDNS forwards to itself, notices, and ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from . import healthy
from .changing import backing_off, changed, coredns_starts, edited_corefile, logged
from .pod_states import anew, crashing
from .settling import settled
from .world import Object, World

SECONDS, ENDED = 620.0, 110.0
"""Since the pods were made, and since the last process ended."""
FINGERPRINT = (
    "6c2103cc9e0859d09018bc0440cd1cd7a0e80820ddbf2b375e63ff75f3a2a45e"
    "5910da29ff274d3c696ee7d27536db0f58480528af5558259608097371540ce1"
)
LOOP = (
    '[FATAL] plugin/loop: Loop (127.0.0.1:41394 -> :53) detected for zone ".", see '
    'https://coredns.io/plugins/loop#troubleshooting. Query: "HINFO 1031915033221578570.1258022326758211958."'
)


def world() -> World:
    """The world itself."""
    well = healthy.world()
    objects = edited_corefile(well.objects, "forward . /etc/resolv.conf", "forward . 127.0.0.1", SECONDS + 40)
    objects = settled(changed(objects, "Pod", "coredns-", _crashing), SECONDS)
    return replace(
        well,
        name="corefile-loop",
        title="CoreDNS forwards to itself",
        objects=(*objects, *backing_off(objects, "coredns-", 14, count=27)),
        logs=logged(well.logs, objects, "coredns", _lines),
        status="problem",
        codes=("corefile-loop",),
    )


def _crashing(pod: Any) -> None:
    anew(pod, SECONDS)
    crashing(pod, ENDED, restarts=6)


def _lines(_pod: Object) -> Iterator[tuple[float, str]]:
    yield from coredns_starts(ENDED + 1.1, FINGERPRINT)
    yield ENDED, LOOP
