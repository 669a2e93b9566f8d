"""One observation less makes the verdict less sure, never wrong."""

from __future__ import annotations

import random

import pytest

from contract.model import Status
from workers.verdict import judge

from .faults import BY_ID, FAULTS, Fault
from .mutations import mutations
from .worlds import together

SAMPLE = 12
"""Mutations of each world here; `make bench` runs all."""
PAIRS = (("F13", "F21"), ("F19", "F39"), ("F30", "F46"), ("F39", "F57"), ("F53", "F55"), ("F52", "F50b"))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_an_observation_less_blames_nothing_else(fault: Fault) -> None:
    """No other cause is named, and a cluster with symptoms is never called healthy."""
    world = fault.make()
    allowed = {fault.code, *fault.also}
    every = list(mutations(world.steps()))

    for what, steps in random.Random(fault.id).sample(every, SAMPLE):  # noqa: S311 - the same sample each time
        verdict = judge(world.question, steps)

        assert {cause.code for cause in verdict.causes} <= allowed, what
        symptoms = any(signal.bad for step in steps for signal in step.signals)
        assert not (symptoms and verdict.status is Status.HEALTHY), what


@pytest.mark.parametrize("fault", [f for f in FAULTS if f.code], ids=lambda fault: fault.id)
def test_without_its_finding_a_fault_is_open_and_not_another(fault: Fault) -> None:
    """The step that named it taken away, or unable to look, leaves symptoms with their layer and the next test."""
    world = fault.make()
    steps = world.steps()
    naming = [step.check for step in steps if any(f.code == fault.code for f in step.findings)]

    for check in naming:
        verdict = judge(world.question, [step for step in steps if step.check != check])
        blind = judge(world.question, fault.make().blind(check).steps())

        for one in (verdict, blind):
            assert {cause.code for cause in one.causes} <= {fault.code, *fault.also}
            assert all("Next: " in line and len(line) < 700 for line in one.unexplained)


@pytest.mark.parametrize("one, other", PAIRS)
def test_two_faults_with_an_observation_less_blame_no_third(one: str, other: str) -> None:
    """What holds for one fault holds for two."""
    allowed = {BY_ID[one].code, BY_ID[other].code}
    question, steps = together(BY_ID[one].make(), BY_ID[other].make())

    for what, left in random.Random(one).sample(list(mutations(steps)), 2 * SAMPLE):  # noqa: S311
        assert {cause.code for cause in judge(question, left).causes} <= allowed, what
