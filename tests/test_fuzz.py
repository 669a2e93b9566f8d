"""Whatever bytes others send are read or refused, never a crash; `make fuzz` looks for longer."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_are_read(name: str) -> None:
    """Each input that fuzzing begins with is survived, and so are its halves and its bytes in another order."""
    target = TARGETS[name]
    for seed in target.seeds:
        for data in (seed, seed[: len(seed) // 2], seed[::-1], b"", b"\xff" + seed):
            target.read(data)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="there is no fuzzer for this platform")
def test_odd_bytes_are_survived(name: str, tmp_path: Path) -> None:
    """A thousand inputs, guided by what they reach, raise nothing."""
    command = [sys.executable, "-m", "tests.fuzz", name, "-runs=1000", f"-artifact_prefix={tmp_path}/"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1])

    assert 0 == done.returncode, done.stderr[-3000:]
    assert "stat::number_of_executed_units" in done.stderr
