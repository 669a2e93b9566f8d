"""Every check against every case of its folder: recorded facts, and what they lead to."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import msgspec
import pytest

from contract.catalogue import CODES
from contract.model import Excluded, Finding, Outcome, Signal
from workers.checks import Check, all_checks
from workers.runner import Kept, judged

from .record import kept

FOLDER = Path(__file__).parent / "checks"
CHECKS = {check.name: check for check in all_checks()}
CASES = sorted(FOLDER.glob("*/*.json"))
RECORDED = [path for path in CASES if "recorded" in json.loads(path.read_text(encoding="utf-8"))]
"""Cases whose facts are those of a real cluster, word for word."""


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judging needs no socket: one that is opened is an error."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("diagnose opened a socket")

    monkeypatch.setattr(socket, "socket", refuse)


def _case(path: Path) -> tuple[Check[Any], dict[str, Any]]:
    return CHECKS[path.parent.name], json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_case_leads_to_what_it_says(path: Path) -> None:
    """The facts of a case lead to exactly the findings, signals and exclusions that it names."""
    check, case = _case(path)

    seen = list(check.diagnose(msgspec.convert(case["facts"], check.facts)))

    expected = case["expect"]
    findings = [[f.code, str(f.severity), f.subject] for f in seen if isinstance(f, Finding)]
    assert expected["findings"] == findings
    signals = [
        [str(s.path), str(s.effect), s.node, s.server, str(s.kind), s.transport] for s in seen if isinstance(s, Signal)
    ]
    assert expected["signals"] == signals
    assert expected["excluded"] == [e.code for e in seen if isinstance(e, Excluded)]


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_case_makes_a_step(path: Path) -> None:
    """A case's facts make a step with a summary, known codes, a fix for what is wrong, and evidence for it."""
    check, case = _case(path)

    step = judged(check, Kept(check=check.name, facts=case["facts"]))

    assert step.summary.strip()
    assert {f.code for f in step.findings} <= set(CODES)
    assert all(f.fix for f in step.findings if f.severity != "info")
    assert all(f.evidence for f in step.findings if f.severity != "info")


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_every_check_has_a_healthy_and_a_broken_case(name: str) -> None:
    """A check without a healthy case, or without one in which something is wrong, is not tested."""
    outcomes = {
        judged(CHECKS[name], Kept(check=name, facts=_case(path)[1]["facts"])).outcome
        for path in FOLDER.glob(f"{name}/*.json")
    }

    assert (FOLDER / name / "healthy.json").exists()
    assert outcomes - {Outcome.OK}


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_every_check_has_cases_recorded_from_a_real_cluster(name: str) -> None:
    """A check was seen to judge a real cluster rightly where all is well and where something is wrong."""
    outcomes = {
        judged(CHECKS[name], Kept(check=name, facts=_case(path)[1]["facts"])).outcome
        for path in RECORDED
        if path.parent.name == name
    }

    assert {Outcome.OK, Outcome.PROBLEM} <= outcomes


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_was_recorded_is_what_the_check_records_today(path: Path) -> None:
    """Recorded facts have all the fields that the check collects, and no other; the case says where they are from."""
    check, case = _case(path)

    assert case["facts"] == kept(check, case["facts"])
    assert case["recorded"].startswith("a real Kubernetes ")


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_a_check_says_what_it_is(name: str) -> None:
    """A check has a manual that cites its source, a title, and facts that survive being saved."""
    check = CHECKS[name]

    assert "https://" in (__import__(check.collect.__module__, fromlist=["x"]).__doc__ or "")
    assert check.source.startswith("https://")
    assert not check.title.endswith(".")


def test_every_folder_of_cases_belongs_to_a_check() -> None:
    """A case whose check was renamed would never run."""
    assert {path.parent.name for path in CASES} <= set(CHECKS)
