"""CoreDNS forwards to an address where no name server is: names outside of the cluster fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from . import healthy
from .changing import changed, coredns_starts, edited_corefile, logged
from .pod_states import anew
from .settling import settled
from .world import Object, World

SECONDS = 1000.0
TARGET = "10.20.9.53"
FINGERPRINT = (
    "0465c28f2ae5c9b489dd0b4600f74f6b230adc82723b9cf54907d835785a68a7"
    "12ea6adb91107ecb816ef3e8a1509692c210141ffedeb96b156c3f228cb05389"
)
OWN = "8280455374981003176.1457467540134010567. HINFO"
"""What the loop plugin asks as CoreDNS starts."""


def world() -> World:
    """The world itself."""
    well = healthy.world()
    objects = edited_corefile(well.objects, "forward . /etc/resolv.conf", f"forward . {TARGET}", SECONDS + 30)
    objects = settled(changed(objects, "Pod", "coredns-", _restarted), SECONDS)
    return replace(
        well,
        name="corefile-no-or-bad-forward",
        title="CoreDNS forwards to an address where no name server is",
        objects=objects,
        logs=logged(well.logs, objects, "coredns", _lines),
        asked="amazon.com",
        status="problem",
        codes=("corefile-no-or-bad-forward",),
    )


def _restarted(pod: Any) -> None:
    anew(pod, SECONDS)


def _lines(pod: Object) -> Iterator[tuple[float, str]]:
    begun, own = SECONDS - 1, pod["status"]["podIP"]
    yield from coredns_starts(begun, FINGERPRINT)
    for number in range(5):
        yield begun - 6 - 2 * number, _timeout(OWN, own, 48360 + number)
    for number, at in enumerate(range(int(begun) - 30, 3, -31)):
        yield at, _timeout("amazon.com. A", own, 37003 + number)


def _timeout(asked: str, own: str, port: int) -> str:
    return f"[ERROR] plugin/errors: 2 {asked}: read udp {own}:{port}->{TARGET}:53: i/o timeout"
