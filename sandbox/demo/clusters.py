"""Three pretend clusters side by side: each in a world of its own, which can be changed while they run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import RLock
from typing import Any

import yaml

from sandbox import worlds
from sandbox.aws import Account
from sandbox.cluster import Sandbox
from sandbox.demo.clock import AT
from sandbox.demo.workspace import APPROVALS, BOB, CAROL, HEALTH, INCIDENTS
from sandbox.worlds import World

NAMES = ("cluster-a", "cluster-b", "cluster-c")
HEALTHY = "healthy"


class PretendCluster:
    """One of the clusters: it runs in a world, and can be put into another one at any moment. Safe for threads."""

    def __init__(self, name: str, folder: Path) -> None:
        """folder: for its files."""
        self.name = name
        self._folder = folder
        self.world = _named(worlds.load(HEALTHY), name)
        self._lock = RLock()
        self._running: list[Sandbox] = []

    def enter(self, world: str) -> None:
        """Put it into this world. Raises KeyError where there is none of this name.

        The world before stays reachable for those who signed in to it, until the next change: a check under way ends
        with what it began with.
        """
        made = _named(worlds.load(world), self.name)
        begun = Sandbox(made, within=self._folder).__enter__()
        with self._lock:
            self._running.append(begun)
            self.world = made
            gone, self._running = self._running[:-2], self._running[-2:]
        _end(gone)

    def running(self) -> list[Sandbox]:
        """The present one first, then the one before it."""
        with self._lock:
            return self._running[::-1]

    def close(self) -> None:
        """Stop all that runs."""
        with self._lock:
            gone, self._running = self._running, []
        _end(gone)


def _end(sandboxes: list[Sandbox]) -> None:
    for each in sandboxes:
        each.__exit__(None, None, None)


def _named(world: World, name: str) -> World:
    """The world as that of another cluster, with IAM roles of its own."""
    return replace(world, account=_account(world.account, name))


def _account(account: Account, name: str) -> Account:
    def own(arn: str) -> str:
        return f"{arn}-{name}" if arn in account.roles else arn

    return replace(
        account,
        name=name,
        roles={own(arn): external_id for arn, external_id in account.roles.items()},
        entries={own(arn): groups for arn, groups in account.entries.items()},
    )


def write_file(clusters: list[PretendCluster], path: Path) -> None:
    """Write the clusters file that leads to them."""
    entries = {each.name: dict(_entry(each.world)) for each in clusters}
    daily = {"kind": "health", "at": AT, "timezone": "UTC", "channel": HEALTH, "clusters": "all"}
    path.write_text(yaml.safe_dump({"clusters": entries, "schedules": [daily]}, sort_keys=False), encoding="utf-8")


def _entry(world: World) -> Iterator[tuple[str, Any]]:
    account = world.account
    yield "region", account.region
    for field, word in (("role_arn", "read"), ("change_role_arn", "change")):
        found = [arn for arn in account.roles if word in arn]
        yield from ((field, arn) for arn in found[:1])
    external_ids = [each for each in account.roles.values() if each]
    yield from (("external_id", each) for each in external_ids[:1])
    yield "app_namespaces", list(world.app_namespaces)
    yield "channels", [INCIDENTS, HEALTH, APPROVALS]
    yield "approvers", [BOB, CAROL]
