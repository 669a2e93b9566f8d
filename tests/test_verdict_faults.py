"""Each fault of the catalogue, as facts, is named first; what cannot be seen from outside is said and not guessed."""

from __future__ import annotations

import re

import pytest

from contract.catalogue import CODES
from contract.model import Status
from workers.verdict import judge

from .faults import FAULTS, Fault
from .worlds import World

UNSEEN = {"F09", "F10", "F17"}
"""They live in an application's image, memory or old connections, where nobody looks from outside."""
each = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.id}-{fault.code or 'unseen'}")


@each
def test_a_fault_is_named_first_and_nothing_else(fault: Fault) -> None:
    """The facts of one fault lead to its code, with its status, and leave no symptom open."""
    world = fault.make()

    verdict = judge(world.question, world.steps())

    assert [fault.code] * bool(fault.code) == [cause.code for cause in verdict.causes][:1]
    assert {cause.code for cause in verdict.causes} <= {fault.code, *fault.also}
    assert fault.status is verdict.status
    assert verdict.unexplained == ()


@each
def test_a_cause_shows_what_it_rests_on(fault: Fault) -> None:
    """Each cause has evidence, a fix, a source and real names in its commands; what is named is not ruled out."""
    world = fault.make()

    verdict = judge(world.question, world.steps())

    for cause in verdict.causes:
        assert cause.evidence
        assert cause.fix.strip()
        assert cause.source.startswith("https://")
        assert not [command for command in cause.commands if re.search(r"<[a-z]|…", command)]
    assert not {cause.code for cause in verdict.causes} & {one.code for one in verdict.ruled_out}


def test_the_table_has_every_fault_of_the_catalogue() -> None:
    """F01 to F61 each have facts of their own, under their own code where one can be named."""
    shown = {fault.id[:3] for fault in FAULTS}
    named = {fault.id[:3]: fault.code for fault in FAULTS if fault.code}

    assert {entry.id for entry in CODES.values()} - {"cannot-see", ""} <= shown
    assert {entry.id for entry in CODES.values() if entry.id in shown} - set(named) == UNSEEN
    assert all(CODES[code].id == key for key, code in named.items())


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.words], ids=lambda fault: fault.id)
def test_what_cannot_be_seen_is_said(fault: Fault) -> None:
    """Where everything answers from the pod's own network, the summary says what is left to look at."""
    world = fault.make()

    verdict = judge(world.question, world.steps())

    assert fault.words in verdict.summary


def test_a_cluster_without_fault_is_healthy_and_says_what_was_ruled_out() -> None:
    """The recorded healthy run has no cause, and tells by which figures causes were ruled out."""
    world = World()

    verdict = judge(world.question, world.steps())

    assert verdict.status is Status.HEALTHY
    assert verdict.causes == ()
    assert verdict.unexplained == ()
    assert len(verdict.ruled_out) > 25
    assert all(one.because.strip() for one in verdict.ruled_out)
