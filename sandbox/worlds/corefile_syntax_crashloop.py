"""An option that CoreDNS dropped in 1.7 is in the Corefile, and the pods were restarted since: none starts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from . import healthy
from .changing import backing_off, changed, edited_corefile, logged
from .pod_states import anew, crashing
from .settling import settled
from .world import Object, World

SECONDS, ENDED = 610.0, 95.0
"""Since the pods were made, and since the last process ended."""


def world() -> World:
    """The world itself."""
    well = healthy.world()
    objects = edited_corefile(well.objects, "pods insecure\n", "pods insecure\n      upstream\n", SECONDS + 60)
    objects = settled(changed(objects, "Pod", "coredns-", _crashing), SECONDS)
    return replace(
        well,
        name="corefile-syntax-crashloop",
        title="An option that CoreDNS no longer has is in the Corefile, and the pods were restarted",
        objects=(*objects, *backing_off(objects, "coredns-", 12, count=29)),
        logs=logged(well.logs, objects, "coredns", _lines),
        status="problem",
        codes=("corefile-syntax-crashloop",),
    )


def _crashing(pod: Any) -> None:
    anew(pod, SECONDS)
    crashing(pod, ENDED, restarts=6)


def _lines(_pod: Object) -> Iterator[tuple[float, str]]:
    yield ENDED + 0.1, "maxprocs: Leaving GOMAXPROCS=2: CPU quota undefined"
    yield ENDED, "plugin/kubernetes: /etc/coredns/Corefile:9 - Error during parsing: unknown property 'upstream'"
