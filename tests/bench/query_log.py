"""Reading a gigabyte of query log, as the check does it, beside `wc -l` on the same file."""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from workers.cluster.coredns_log import read_queries

LINE = (
    '2026-11-23T16:00:00.123456789Z [INFO] 10.20.1.{client}:40{port:03d} - {number} "A IN {name}. udp 60 false 1232" '
    "{rcode} qr,aa,rd 153 0.000{port:03d}251s\n"
)
NAMES = (("amazon.com.shop.svc.cluster.local", "NXDOMAIN"), ("amazon.com.svc.cluster.local", "NXDOMAIN"),
         ("amazon.com.cluster.local", "NXDOMAIN"), ("amazon.com", "NOERROR"))  # fmt: skip
BYTES = 1 << 30
PIECE = 4 << 20
GOAL = 1_000_000


def run() -> bool:
    """Print lines a second and memory; whether all lines were read, and fast enough."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "query.log"
        lines = _write(path)
        floor = _floor(path)
        read_queries(_pieces(path, PIECE))  # what is needed for any log is no growth
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.process_time()
        found = read_queries(_pieces(path, BYTES))
        took = time.process_time() - began
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    good = lines / took >= GOAL and found.queries == lines
    print(f"query log, {lines:,} lines, {BYTES >> 20} MiB: {found.queries:,} queries read")  # noqa: T201
    print(f"  wc -l                         {lines / floor:12,.0f} lines/s of CPU")  # noqa: T201
    print(  # noqa: T201
        f"  codes, names, clients, times  {lines / took:12,.0f} lines/s of CPU ({took / floor:.1f} times wc), "
        f"memory +{grown >> 10} MiB (goal: at least {GOAL:,}){'' if good else '  MISSED'}"
    )
    return good


def _write(path: Path) -> int:
    made = [
        LINE.format(client=n % 200, port=n % 1000, number=n, name=NAMES[n % 4][0], rcode=NAMES[n % 4][1])
        for n in range(20_000)
    ]
    piece = "".join(made).encode()
    rounds = BYTES // len(piece) + 1
    with path.open("wb") as file:
        for _ in range(rounds):
            file.write(piece)
    return rounds * len(made)


def _floor(path: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["wc", "-l", os.fspath(path)], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def _pieces(path: Path, most: int) -> Iterator[bytes]:
    left = most + PIECE
    with path.open("rb") as file:
        while left > 0 and (piece := file.read(PIECE)):
            left -= len(piece)
            yield piece
