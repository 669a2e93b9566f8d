"""Run every benchmark of this folder, or those that are named: `python -m tests.bench ack`."""

from __future__ import annotations

import importlib
import pkgutil
import sys

from tests import bench


def main(wanted: list[str]) -> int:
    """Print the figures of each; 1 where one of them misses its goal."""
    names = [found.name for found in pkgutil.iter_modules(bench.__path__) if not found.name.startswith("_")]
    missed = 0
    for name in names:
        module = importlib.import_module(f"{bench.__name__}.{name}")
        if hasattr(module, "run") and (not wanted or name in wanted):
            missed += not module.run()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
