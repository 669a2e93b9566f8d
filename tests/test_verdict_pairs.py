"""Two faults at once: both are named, and nothing else."""

from __future__ import annotations

import pytest

from contract.model import Status
from workers.verdict import judge

from .faults import BY_ID
from .worlds import together

PAIRS = (
    ("F01", "F37"),
    ("F01", "F53"),
    ("F03", "F21"),
    ("F04", "F57"),
    ("F05", "F47"),
    ("F07", "F20"),
    ("F08", "F49"),
    ("F11", "F13"),
    ("F11", "F57"),
    ("F12", "F30"),
    ("F13", "F21"),
    ("F13", "F23"),
    ("F13", "F57"),
    ("F14", "F39"),
    ("F15", "F24"),
    ("F15", "F39"),
    ("F16", "F19"),
    ("F18", "F39"),
    ("F18", "F46"),
    ("F18", "F20"),
    ("F18", "F23"),
    ("F19", "F13"),
    ("F19", "F28b"),
    ("F19", "F39"),
    ("F20", "F47"),
    ("F21", "F31"),
    ("F21", "F51"),
    ("F22", "F27"),
    ("F24", "F37"),
    ("F25", "F01"),
    ("F26", "F39"),
    ("F27", "F45"),
    ("F28", "F57"),
    ("F29", "F57"),
    ("F30", "F46"),
    ("F32", "F20"),
    ("F37", "F53"),
    ("F38", "F13"),
    ("F39", "F57"),
    ("F40", "F57"),
    ("F40", "F39"),
    ("F41", "F20"),
    ("F42", "F47"),
    ("F46", "F50"),
    ("F48", "F49"),
    ("F51", "F57"),
    ("F52", "F50b"),
    ("F53", "F55"),
    ("F53", "F57"),
    ("F54", "F58"),
    ("F56", "F13"),
    ("F59", "F55"),
    ("F61d", "F39"),
)


@pytest.mark.parametrize("one, other", PAIRS, ids=lambda value: value)
def test_two_faults_are_both_named(one: str, other: str) -> None:
    """The verdict names both codes and no third, and leaves nothing open."""
    expected = {BY_ID[one].code, BY_ID[other].code}
    question, steps = together(BY_ID[one].make(), BY_ID[other].make())

    verdict = judge(question, steps)

    assert expected == {cause.code for cause in verdict.causes}
    assert verdict.unexplained == ()
    statuses = {BY_ID[one].status, BY_ID[other].status}
    assert verdict.status is (Status.PROBLEM if Status.PROBLEM in statuses else Status.AT_RISK)


def test_a_problem_comes_before_a_risk() -> None:
    """What fails now is named before what may fail later."""
    question, steps = together(BY_ID["F37"].make(), BY_ID["F53"].make())

    verdict = judge(question, steps)

    assert [c.code for c in verdict.causes] == ["sg-blocks-53-between-nodes", "corefile-reload-timebomb"]
