"""Pretend clusters for the tests: a world that runs, the environment that leads to it, and a door into it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contract.model import Question, StepResult, Verdict
from sandbox.cluster import Sandbox
from sandbox.worlds import load
from workers.checks import all_checks
from workers.cluster import Cluster, kubeconfig, open_cluster
from workers.cluster.kube import Api
from workers.runner import run
from workers.verdict import judge

RUN = "run_7f3a"
ASKED_BY = "U0ALICE"


@contextmanager
def healthy() -> Iterator[Sandbox]:
    """A healthy cluster, whose servers must not have crashed in the end."""
    with Sandbox(load("healthy")) as running:
        yield running
        assert running.kube.crashes == []


@contextmanager
def calm_door(sandbox: Sandbox, folder: Path) -> Iterator[Api]:
    """The door; behind it all is well at first, and nobody has asked for anything."""
    sandbox.kube.troubles.clear()
    sandbox.kube.asked.clear()
    with door(sandbox, folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A healthy cluster, for all tests of a module."""
    with healthy() as running:
        yield running


@pytest.fixture
def api(sandbox: Sandbox, tmp_path: Path) -> Iterator[Api]:
    """The door to it; behind it all is well at first, and nobody has asked for anything."""
    with calm_door(sandbox, tmp_path) as opened:
        yield opened


def lead_to(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let boto3 find this sandbox' AWS, and no other."""
    for name, value in sandbox.env.items():
        monkeypatch.setenv(name, value)


@contextmanager
def opened(sandbox: Sandbox, *, name: str = "", pod: str = "", as_run: str = RUN) -> Iterator[Cluster]:
    """The sandbox' cluster as a worker opens it."""
    question = Question(cluster=sandbox.entry.name, name=name, pod=pod)
    with open_cluster(sandbox.entry, question, run=as_run, asked_by=ASKED_BY) as cluster:
        yield cluster


def checked(sandbox: Sandbox, *, name: str = "", pod: str = "", as_run: str = RUN) -> dict[str, StepResult]:
    """Every check, run as a worker runs them: the results by name."""
    with opened(sandbox, name=name, pod=pod, as_run=as_run) as cluster:
        return {result.check: result for result in run(all_checks(), cluster)}


def diagnosed(sandbox: Sandbox, *, name: str = "", pod: str = "") -> tuple[tuple[StepResult, ...], Verdict]:
    """The whole diagnosis as `dnsmedic check` makes it; as whoever suffers in this world would ask, unless it is said how."""
    name, pod = (name, pod) if name or pod else (sandbox.world.asked, sandbox.world.pod)
    steps = tuple(checked(sandbox, name=name, pod=pod).values())
    return steps, judge(Question(cluster=sandbox.entry.name, name=name, pod=pod), steps)


@contextmanager
def door(sandbox: Sandbox, folder: Path, *, group: str = "dnsmedic:read") -> Iterator[Api]:
    """The door to the API server alone, with a static token of somebody in GROUP."""
    api = Api(kubeconfig.load(str(sandbox.kubeconfig(folder, group=group)), "").server)
    try:
        yield api
    finally:
        api.close()
