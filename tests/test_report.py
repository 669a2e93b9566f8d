"""What `dnsmedic check --json` prints: valid by its schema, and of one mind in its verdict and its steps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from contract.model import Confidence, Outcome, Question, Report, Scope, Severity, Status, StepResult
from workers.runner import Kept, judged
from workers.verdict import judge, settled
from workers.verdict.report import as_json, as_text

from .matrices import finding, healthy, steps
from .test_verdict_recorded import RECORDED, steps_of
from .worlds import CHECKS

SCHEMA = Path(__file__).resolve().parents[1].parent / "shared" / "reference" / "check.schema.json"
CASES = sorted((Path(__file__).parent / "checks").glob("*/*.json"))

in_place = pytest.mark.skipif(not SCHEMA.exists(), reason="the schema of the JSON is not here")


def as_printed(question: Question, seen: list[StepResult]) -> dict[str, Any]:
    """The JSON of a run with these steps."""
    verdict = judge(question, seen)
    report = Report(
        cluster="cluster-a", run="run_7f3a", started="2026-11-23T09:00:00Z", seconds=4.2, verdict=verdict,
        steps=settled(verdict, seen),
    )  # fmt: skip
    printed: dict[str, Any] = json.loads(as_text(as_json(report)))
    return printed


def faults(report: dict[str, Any]) -> list[str]:
    """What the schema has against it."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return [error.message[:300] for error in jsonschema.Draft202012Validator(schema).iter_errors(report)]


@in_place
@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_run_is_printed_as_the_schema_has_it(name: str) -> None:
    """Every key is there, nothing else, and a healthy verdict stands beside no problem."""
    assert [] == faults(as_printed(*steps_of(name)))


@in_place
def test_each_step_by_itself_is_printed_as_the_schema_has_it() -> None:
    """Whatever one check says, alone: as with `--only`."""
    wrong = []
    for path in CASES:
        check = CHECKS[path.parent.name]
        facts = json.loads(path.read_text(encoding="utf-8"))["facts"]
        step = judged(check, msgspec.convert({"check": check.name, "facts": facts}, Kept))
        wrong += [
            f"{path.parent.name}/{path.stem}: {fault}" for fault in faults(as_printed(Question(cluster="a"), [step]))
        ]

    assert [] == wrong


def test_what_answers_contradict_is_no_problem_of_a_healthy_cluster() -> None:
    """The step keeps what it saw as a note, and says what speaks against it."""
    refuted = finding("sg-blocks-53-between-nodes", scope=Scope(pairs=(("a1", "pod/coredns-x"),)))
    seen = steps(healthy(), refuted)
    verdict = judge(Question(cluster="cluster-a"), seen)
    last = settled(verdict, seen)[-1]

    assert Status.HEALTHY is verdict.status
    assert (Outcome.OK, [Severity.INFO]) == (last.outcome, [one.severity for one in last.findings])
    assert "But it was answered" in last.summary


def test_what_nothing_confirms_is_no_problem_of_a_healthy_cluster() -> None:
    """A mere hint without a symptom is no cause, so its step tells of none either."""
    seen = steps(healthy(), finding("corefile-no-or-bad-forward", confidence=Confidence.LOW))
    verdict = judge(Question(cluster="cluster-a"), seen)

    assert Status.HEALTHY is verdict.status
    assert [Outcome.OK, Outcome.OK] == [step.outcome for step in settled(verdict, seen)]


def test_a_problem_keeps_its_steps() -> None:
    """Where something is wrong, every step says what it saw."""
    seen = steps(healthy(), finding("coredns-image-pull"))

    assert tuple(seen) == settled(judge(Question(cluster="cluster-a"), seen), seen)
