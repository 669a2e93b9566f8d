"""`dnsmedic replay`: judge the facts of a saved run again, with the network off."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from contract.model import Question, Report
from contract.refusal import Refused
from workers.checks import all_checks
from workers.runner import Kept, judged
from workers.verdict import judge, settled

from .check import EXIT, tell
from .live import line

LARGEST = 64 * 1024 * 1024


class File(msgspec.Struct, frozen=True):
    """A facts file."""

    schema: int
    kind: str
    question: Question
    run: str
    started: str
    seconds: float
    steps: tuple[Kept, ...]


def replay(file: Path) -> int:
    """Judge FILE's facts with the checks of today and print the verdict. Raises Refused where it is no facts file."""
    saved = _read(file)
    known = {check.name: check for check in all_checks()}
    steps = []
    for kept in saved.steps:
        check = known.get(kept.check)
        if check is None:
            sys.stderr.write(f"The step {kept.check} is not known any more and is left out." + "\n")
            continue
        try:
            steps.append(judged(check, kept))
        except msgspec.ValidationError as problem:
            raise Refused(f"the facts of {kept.check} in {file} are not what this version reads: {problem}") from None
    verdict = judge(saved.question, steps)
    report = Report(
        cluster=saved.question.cluster, run=saved.run, started=saved.started, seconds=saved.seconds, verdict=verdict,
        steps=settled(verdict, steps),
    )  # fmt: skip
    _list(report)
    tell(report, as_json=False)
    return EXIT[verdict.status]


def _list(report: Report) -> None:
    from rich.console import Console  # noqa: PLC0415 - after the file was read

    console = Console(highlight=False)
    for step in report.steps:
        console.print(line(step), soft_wrap=True)


def _read(file: Path) -> File:
    if file.stat().st_size > LARGEST:
        raise Refused(f"{file} is larger than {LARGEST >> 20} MiB: no facts file is")
    try:
        saved: Any = msgspec.json.decode(file.read_bytes(), type=File)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise Refused(f"{file} is no facts file of dnsmedic: {problem}") from None
    if saved.kind != "dnsmedic-facts" or saved.schema != 1:
        raise Refused(f"{file} is no facts file that this version reads (kind {saved.kind!r}, schema {saved.schema})")
    found: File = saved
    return found
