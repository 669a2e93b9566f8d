"""Fuzzes one reader, guided by what of its code was reached: python -m tests.fuzz TARGET [OPTION OF LIBFUZZER…].

Without a target it lists them. What crashed is written to the folder given with -artifact_prefix=FOLDER/, else here.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["bot", "contract", "workers", "dns"]):
    from tests.fuzz.targets import TARGETS

LIMITS = ("-max_len=4096", "-timeout=5", "-rss_limit_mb=1024", "-print_final_stats=1")
"""Bytes of an input, seconds for one, MiB of memory: past these it counts as a crash."""


def main(name: str = "", *options: str) -> None:
    """Fuzz until an option ends it. Exits with another status than 0 where something was raised, after its trace."""
    if not name:
        sys.stdout.write("".join(f"{each}\n" for each in TARGETS))
        return
    target = TARGETS[name]
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(target.seeds):
            (Path(corpus) / str(number)).write_bytes(seed)
        atheris.Setup([sys.argv[0], *LIMITS, *options, corpus], target.read)
        atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
