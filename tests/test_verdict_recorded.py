"""Runs recorded on a real, broken cluster: their facts, judged again, lead to the fault that was injected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from contract.model import Question, StepResult
from workers.runner import Kept, judged
from workers.verdict import judge

from .worlds import CHECKS

FOLDER = Path(__file__).parent / "verdicts"
EXPECTED: dict[str, dict[str, Any]] = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
"""What each recording must lead to: first (one of), also (may be named beside it), status."""
RECORDED = sorted(path.stem for path in FOLDER.glob("*.json") if path.stem != "expected")


def steps_of(name: str) -> tuple[Question, list[StepResult]]:
    """The question and the steps of a recording, judged by today's checks."""
    saved = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    steps = []
    for one in saved["steps"]:
        check = CHECKS[one["check"]]
        try:
            steps.append(judged(check, msgspec.convert(one, Kept)))
        except msgspec.ValidationError as problem:
            pytest.fail(f"record {name} again: the facts of {check.name} have changed ({problem})")
    return msgspec.convert(saved["question"], Question), steps


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_run_leads_to_its_fault(name: str) -> None:
    """An expected code comes first, nothing else is blamed, and the status is right."""
    expected = EXPECTED[name]
    question, steps = steps_of(name)

    verdict = judge(question, steps)

    codes = [cause.code for cause in verdict.causes]
    assert expected["status"] == verdict.status
    assert (codes[0] in expected["first"]) if expected["first"] else not codes
    assert set(codes) <= {*expected["first"], *expected["also"]}
    assert verdict.unexplained == ()


def test_every_recording_says_what_it_must_lead_to() -> None:
    """A recording without an expectation proves nothing, nor an expectation without a recording."""
    assert set(EXPECTED) == set(RECORDED)


def test_recordings_stay_small() -> None:
    """All of them together stay below six megabytes."""
    assert sum(path.stat().st_size for path in FOLDER.glob("*.json")) < 6_000_000
