"""One diagnosis of the real cluster by the console command, and the table of all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .faults import Fault

PROBES = frozenset(
    {
        "asked-name",
        "client-libraries",
        "coredns-processes",
        "dns-as-applications-ask",
        "dns-through-cluster-ip",
        "dns-to-each-replica",
        "upstream",
    }
)
"""Steps that ask DNS servers: a lookup that fails makes a problem of them, whatever is at fault."""

ROLE = "arn:aws:iam::123456789012:role/dnsmedic-read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What `dnsmedic check --json` said, and its exit status."""

    report: dict[str, Any]
    exit: int

    @property
    def codes(self) -> list[str]:
        """The causes' codes, first to last."""
        return [cause["code"] for cause in self.report["verdict"]["causes"]]

    @property
    def status(self) -> str:
        """The verdict in a word."""
        return str(self.report["verdict"]["status"])


def clusters_file(folder: Path) -> Path:
    """A clusters file for the box."""
    path = folder / "clusters.yaml"
    path.write_text(
        f"clusters:\n  cluster-a:\n    region: us-east-1\n    role_arn: {ROLE}\n    app_namespaces: [shop]\n",
        encoding="utf-8",
    )
    return path


def diagnose(clusters: Path, words: Sequence[str] = (), *, save: Path | None = None) -> Diagnosis:
    """Run the console command as a person would."""
    command = [str(Path(sys.executable).parent / "dnsmedic"), "check", "cluster-a", "--json", *words]
    command += ["--save", str(save)] if save else []
    environment = {**os.environ, "DNSMEDIC_CLUSTERS": str(clusters)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
    if not done.stdout.strip():
        raise AssertionError(f"nothing was printed (exit {done.returncode}): {done.stderr[-2000:]}")
    return Diagnosis(report=json.loads(done.stdout), exit=done.returncode)


def row(fault: Fault, found: Diagnosis) -> dict[str, Any]:
    """A row of the table: expected, first, named, false blame, the steps that saw it, other problems, status, seconds."""
    true = {*fault.expect, *fault.also}
    blamed = {step["check"]: _blamed(step) for step in found.report["steps"]}
    problems = [step["check"] for step in found.report["steps"] if step["outcome"] == "problem"]
    probes = [name for name in problems if name in PROBES and not blamed[name]]
    other = [name for name in problems if blamed[name] - true or not (blamed[name] or name in probes)]
    seen = [name for name, codes in blamed.items() if codes & true]
    return {
        "fault": fault.name,
        "expected": "|".join(fault.expect),
        "first": found.codes[0] if found.codes else "-",
        "named": ",".join(found.codes) or "-",
        "false": ",".join(c for c in found.codes if c not in true) or "-",
        "seen by": ",".join(seen or probes) or "-",
        "other problems": ",".join(other) or "-",
        "status": f"{found.status}{'' if found.status == fault.status else f' (want {fault.status})'}",
        "seconds": found.report["seconds"],
    }


def _blamed(step: dict[str, Any]) -> set[str]:
    return {finding["code"] for finding in step["findings"] if finding["severity"] != "info"}


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as aligned text."""
    if not rows:
        return "no rows"
    names = list(dict.fromkeys(name for r in rows for name in r))
    widths = {name: max(len(name), *(len(str(r.get(name, ""))) for r in rows)) for name in names}
    lines = ["  ".join(name.ljust(widths[name]) for name in names)]
    lines += ["  ".join(str(r.get(name, "")).ljust(widths[name]) for name in names) for r in rows]
    return "\n".join(lines)
