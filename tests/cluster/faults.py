"""The faults that the box can inject, and what a right diagnosis of each is."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

OWN = Path(__file__).parent / "faults"
VARIANTS = Path(__file__).parent / "variants"
"""The same root causes as the box's own, brought about in other ways."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault of the box. expect: codes of which one must be first. also: codes that are true as well."""

    name: str
    title: str
    expect: tuple[str, ...]
    also: tuple[str, ...]
    status: str
    basic: bool
    asked: str
    workload: str
    folder: str = ""

    @property
    def question(self) -> list[str]:
        """What whoever suffers would ask with."""
        words = ["--name", self.asked] if self.asked else []
        return words + (["--pod", self.workload] if self.workload else [])


class Box:
    """The real cluster's own command."""

    def __init__(self, command: Path) -> None:
        self.command = command

    def run(self, *words: str, seconds: float = 400) -> str:
        """Its output. Raises subprocess.CalledProcessError."""
        done = subprocess.run([str(self.command), *words], check=True, capture_output=True, text=True, timeout=seconds)
        return done.stdout

    def faults(self, folder: Path | None = None) -> tuple[Fault, ...]:
        """All faults of the box, or of a folder of the same format."""
        more = ["--from", str(folder)] if folder else []
        listed: list[dict[str, Any]] = json.loads(self.run("fault", "list", "--json", *more))
        return tuple(
            Fault(
                name=f["name"],
                title=f["title"],
                expect=tuple(f["expect"]),
                also=tuple(f["also"]),
                status=f["status"],
                basic=f["basic"],
                asked=f["asked"],
                workload=f["workload"],
                folder=str(folder or ""),
            )
            for f in listed
        )

    def inject(self, fault: Fault) -> None:
        """Break it and wait until it shows."""
        self.run("fault", "inject", fault.name, *(["--from", fault.folder] if fault.folder else []))

    def heal(self, fault: Fault) -> None:
        """Put it back."""
        self.run("fault", "heal", fault.name, *(["--from", fault.folder] if fault.folder else []))


def inject(the_box: Box, fault: Fault) -> None:
    """Break it; where the box itself cannot show the fault within its time, nothing can be said of a diagnosis."""
    try:
        the_box.inject(fault)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as problem:
        the_box.heal(fault)
        pytest.skip(f"the box could not show {fault.name}: {str(getattr(problem, 'stderr', problem))[-300:]}")


def box() -> Box | None:
    """The box beside the project, where there is one."""
    named = os.environ.get("DNSMEDIC_BOX")
    here = Path(named) if named else Path(__file__).resolve().parents[3] / "shared" / "eksbox" / "run"
    return Box(here) if here.exists() else None
