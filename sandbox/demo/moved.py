"""Runs `dnsmedic NAME` with a clock that somebody else can move: the number of seconds in a file is added to its time.

`python -m sandbox.demo.moved FILE NAME`. Only what asks for the time of day is moved, not what measures how long
something takes; and only this process: its product is not changed for it.
"""

from __future__ import annotations

import runpy
import sys
import time
from collections.abc import Callable
from pathlib import Path


def moved(real: Callable[[], float], file: Path) -> Callable[[], float]:
    """The time of day by that file, which is read each time; no file, or none with a number in it, moves nothing."""

    def now() -> float:
        try:
            return real() + float(file.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return real()

    return now


if __name__ == "__main__":
    time.time = moved(time.time, Path(sys.argv[1]))
    sys.argv = ["dnsmedic", *sys.argv[2:]]
    runpy.run_module("dnsmedic", run_name="__main__")
