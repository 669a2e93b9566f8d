"""Whole diagnoses of pretend worlds, made in processes of their own: mostly they wait for answers that never come."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field

from contract.model import Verdict
from sandbox.cluster import Sandbox
from sandbox.worlds import load
from tests.pretend import diagnosed

AT_ONCE = 2
"""More than these would make a machine of two cores so busy that answers come late, which is a fault of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What came of a world. broken: checks that failed themselves. crashes: mistakes of the pretend API server."""

    verdict: Verdict
    broken: tuple[str, ...]
    crashes: tuple[str, ...]


def of_world(name: str) -> Diagnosis:
    """Diagnose the world of that name, which boto3 is led to by this process' environment."""
    with Sandbox(load(name)) as running:
        os.environ.update(running.env)
        steps, verdict = diagnosed(running)
        broken = tuple(step.check for step in steps if "is broken" in step.because)
        return Diagnosis(verdict=verdict, broken=broken, crashes=tuple(running.kube.crashes))


@dataclass(slots=True)
class Ahead:
    """Diagnoses of worlds in the order in which they are wanted: while one is waited for, as many of the next ones begin."""

    order: Sequence[str]
    ahead: int = 3
    _pool: ProcessPoolExecutor = field(init=False)
    _begun: dict[str, Future[Diagnosis]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])
        self._pool = ProcessPoolExecutor(AT_ONCE, mp_context=context)

    def of(self, name: str) -> Diagnosis:
        """That of one world. Raises what its making raised."""
        at = self.order.index(name)
        for each in self.order[at : at + 1 + self.ahead]:
            if each not in self._begun:
                self._begun[each] = self._pool.submit(of_world, each)
        return self._begun[name].result()

    def close(self) -> None:
        """Let go of the processes."""
        self._pool.shutdown(cancel_futures=True)
