"""The checks: one file each, found by listing this package. `CONTRIBUTING.md` shows how to add one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Generic, TypeVar

from contract.model import Observation
from workers.cluster import Cluster

F = TypeVar("F")


class Stage(IntEnum):
    """The order in which a person would look; it orders the steps, not the causes."""

    ACCESS = 0
    SERVICE = 1
    COREDNS = 2
    CONFIGURATION = 3
    KUBE_PROXY = 4
    RESOLUTION = 5
    NODE = 6
    CLIENT = 7
    POLICY = 8
    AWS_NETWORK = 9
    UPSTREAM = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Generic[F]):
    """One step of the diagnosis.

    name: kebab-case, public. title: the healthy condition, as a statement. steps: the runbook's steps that it automates
    (S01 to S47). source: where the rule comes from. facts: the frozen dataclass that `collect` returns; a field
    `gaps: tuple[Gap, ...]` holds what could not be read of it. describe: one short line of what was seen, in figures.
    collect raises CannotRead where nothing could be seen and DoesNotApply where the step has no meaning here.
    """

    name: str
    title: str
    stage: Stage
    steps: tuple[str, ...]
    source: str
    facts: type[F]
    collect: Callable[[Cluster], F]
    diagnose: Callable[[F], Iterable[Observation]]
    describe: Callable[[F], str]


def all_checks() -> tuple[Check[Any], ...]:
    """Every check of this package, in the order of their stages and names."""
    modules = (importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    checks: list[Check[Any]] = [module.CHECK for module in modules if hasattr(module, "CHECK")]
    return tuple(sorted(checks, key=lambda check: (check.stage, check.name)))
