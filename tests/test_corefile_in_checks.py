"""What the checks make of a Corefile: where it answers probes, and what it takes from the environment."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from contract.model import Finding, Severity
from sandbox.cluster import Sandbox
from tests.pretend import lead_to, opened, sandbox
from workers.checks import corefile, corefile_running
from workers.checks.coredns_readiness import CHECK

__all__ = ["sandbox"]

TWO = ".:53 {{\n  ready{0}\n  kubernetes cluster.local\n}}\ncorp.example:53 {{\n  ready{1}\n  forward . 10.20.0.2\n}}\n"
WITHOUT = ".:53 {\n  kubernetes cluster.local\n}\n"
BEFORE, WRITTEN, AFTER = "2026-11-25T19:00:00Z", "2026-11-25T20:00:00Z", "2026-11-25T21:00:00Z"


@pytest.fixture
def world(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """The healthy cluster, as it was again afterwards."""
    lead_to(sandbox, monkeypatch)
    kinds = ("ConfigMap", "Deployment", "Pod")
    before = [deepcopy(one) for kind in kinds for one in sandbox.kube.objects.all(kind)]
    yield sandbox
    for one in before:
        sandbox.kube.objects.put(one)


def _change(world: Sandbox, kind: str, change: Any) -> None:
    for one in world.kube.objects.all(kind):
        if one["metadata"]["name"].startswith("coredns") and one["metadata"]["namespace"] == "kube-system":
            changed = deepcopy(one)
            change(changed)
            world.kube.objects.put(changed)


def _write(world: Sandbox, text: str, begun: str) -> None:
    """The Corefile, written between BEFORE and AFTER, and when the pods' containers began."""
    field = {"manager": "kubectl-edit", "time": WRITTEN, "fieldsV1": {"f:data": {"f:Corefile": {}}}}
    _change(world, "ConfigMap", lambda one: one.update(data={"Corefile": text}))
    _change(world, "ConfigMap", lambda one: one["metadata"].update(managedFields=[field]))
    running = {"state": {"running": {"startedAt": begun}}}
    _change(world, "Pod", lambda one: one["status"]["containerStatuses"][0].update(running))


def _environment(world: Sandbox, *env: Any) -> None:
    """What the pods' containers get as their environment."""
    _change(world, "Pod", lambda one: one["spec"]["containers"][0].update(env=env))


def _probe(world: Sandbox, probe: Any) -> None:
    def change(one: Any) -> None:
        one["spec"]["template"]["spec"]["containers"][0]["readinessProbe"] = probe

    _change(world, "Deployment", change)


def _found(world: Sandbox) -> list[str]:
    with opened(world) as cluster:
        facts = CHECK.collect(cluster)
    return [one.summary for one in CHECK.diagnose(facts) if isinstance(one, Finding) and "health" not in one.summary]


@pytest.mark.parametrize(
    "text,begun,found",
    [
        (TWO.format("", " :8182"), BEFORE, 0),
        (TWO.format(" :8182", ""), BEFORE, 0),
        (TWO.format(" :8182", " :8183"), BEFORE, 1),
        (WITHOUT, BEFORE, 1),
        (WITHOUT, AFTER, 0),
    ],
    ids=["first-block", "second-block", "neither", "not-there", "pods-passed-it-since"],
)
def test_where_ready_is_answered(world: Sandbox, text: str, begun: str, found: int) -> None:
    """A probe of port 8181 is blamed where no block answers it, unless pods that began since then have passed it."""
    _write(world, text, begun)

    assert found == len(_found(world))


def test_pods_that_passed_another_probe_say_nothing_of_a_new_one(world: Sandbox) -> None:
    """The pods that are ready were made before the probe was changed: new ones never become ready."""
    _write(world, TWO.format("", " :8182"), AFTER)
    _probe(world, {"httpGet": {"path": "/ready", "port": 8282}})

    assert [
        "A probe asks /ready on port 8282, but the Corefile opens it on port 8181: pods with it never become ready."
    ] == (_found(world))


@pytest.mark.parametrize(
    "probe,words",
    [
        ({"tcpSocket": {"port": 53}}, "as soon as its port 53 is open"),
        ({"tcpSocket": {"port": "dns-tcp"}}, "as soon as its port 53 is open"),
        ({"tcpSocket": {"port": 8181}}, "as soon as its port 8181 is open"),
        ({"exec": {"command": ["true"]}}, ""),
        ({"grpc": {"port": 9000}}, ""),
        ({"httpGet": {"path": "/ready", "port": 8181}}, ""),
        (None, "has no readiness probe"),
    ],
)
def test_other_ways_to_probe(world: Sandbox, probe: Any, words: str) -> None:
    """An open port does not mean that the cluster's names are known; of a command nobody can tell what it means."""
    _probe(world, probe)

    assert [words] * bool(words) == [words for one in _found(world) if words in one]
    assert bool(words) == bool(_found(world))


@pytest.mark.parametrize(
    "value",
    [{"value": "10.20.0.2"}, {"valueFrom": {"secretKeyRef": {"name": "dns", "key": "x"}}}],
    ids=["in-the-pod", "elsewhere"],
)
def test_values_of_the_environment_are_no_bomb(world: Sandbox, value: dict[str, Any]) -> None:
    """A Corefile that takes its name server from the environment is not called one that cannot be loaded."""
    _write(world, ".:53 {\n  ready\n  reload\n  kubernetes cluster.local\n  forward . {$UPSTREAM}\n}\n", BEFORE)
    _environment(world, {"name": "UPSTREAM", **value})

    with opened(world) as cluster:
        found = [
            *corefile.CHECK.diagnose(corefile.CHECK.collect(cluster)),
            *corefile_running.CHECK.diagnose(corefile_running.CHECK.collect(cluster)),
        ]

    assert [] == [one for one in found if isinstance(one, Finding) and one.severity is not Severity.INFO]
