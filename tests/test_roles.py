"""The shipped roles are exactly sufficient: a whole run is allowed, every right has a use, and what is missing is named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from contract.model import Outcome, StepResult
from sandbox.cluster import Sandbox, shipped
from sandbox.kube import Attributes, User
from sandbox.kube.access import Right, rights
from sandbox.worlds import World, load
from tests.pretend import checked, lead_to

pytestmark = pytest.mark.timeout(120)

ROLES = [one for one in shipped() if one["kind"] in ("Role", "ClusterRole")]

BROKEN = "read only where something is wrong"
NOT_HERE = "read where the cluster has it: Auto Mode, NodeLocal DNSCache or an autoscaler"
LATER = "for changes and for the start of a run without a clusters file"
UNUSED: Mapping[tuple[str, str], str] = {
    (
        "Role kube-system/dnsmedic-read",
        "create pods/portforward",
    ): "asked by API servers from 1.35 on; this one is 1.34",
    ("Role kube-system/dnsmedic-read", "get configmaps/coredns-autoscaler"): NOT_HERE,
    ("Role kube-system/dnsmedic-read", "get configmaps/coredns-custom"): NOT_HERE,
    ("Role kube-system/dnsmedic-read", "get configmaps/kube-proxy"): BROKEN,
    ("Role kube-system/dnsmedic-read", "get configmaps/node-local-dns"): NOT_HERE,
    ("Role kube-system/dnsmedic-read", "list replicasets"): BROKEN,
    ("Role dnsmedic/dnsmedic-probe", "get pods"): BROKEN,
    ("Role dnsmedic/dnsmedic-probe", "list pods"): "the janitor's, after a lost run",
    ("ClusterRole dnsmedic-read", "get nodes"): LATER,
    ("ClusterRole dnsmedic-read", "get namespaces"): LATER,
    ("ClusterRole dnsmedic-read", "get clusterroles/system:coredns"): BROKEN,
    ("ClusterRole dnsmedic-read", "get clusterroles/system:node-proxier"): BROKEN,
    ("ClusterRole dnsmedic-read", "get clusterrolebindings/system:coredns"): BROKEN,
    ("ClusterRole dnsmedic-read", "list nodeclasses"): NOT_HERE,
    ("ClusterRole dnsmedic-app-read", "get services"): BROKEN,
    ("ClusterRole dnsmedic-app-read", "get deployments"): BROKEN,
    ("ClusterRole dnsmedic-app-read", "get replicasets"): BROKEN,
    ("ClusterRole dnsmedic-app-read", "get statefulsets"): BROKEN,
    ("ClusterRole dnsmedic-app-read", "get daemonsets"): BROKEN,
    ("ClusterRole dnsmedic-app-read", "list endpointslices"): BROKEN,
}
"""Rights that a run of all checks on a healthy cluster may have no use for, each with the reason why it is granted."""

WIDE = {"get services default/kubernetes"}
"""Requests that are allowed because applications may be read in every namespace."""


def narrow(sandbox: Sandbox) -> None:
    """Bind the reading of applications in their namespace alone: else it hides what the role in kube-system lacks."""
    objects = sandbox.kube.objects
    wide = next(one for one in objects.all("ClusterRoleBinding") if one["metadata"]["name"] == "dnsmedic-app-read")
    objects.drop(objects.kind_of(wide), "", "dnsmedic-app-read")
    objects.put({**wide, "kind": "RoleBinding", "metadata": {"name": "dnsmedic-app-read", "namespace": "shop"}})


def _place(right: Right) -> tuple[str, str]:
    name = f"/{right.name}" if right.name else ""
    return right.role, f"{right.verb} {right.resource}{name}"


@dataclass(frozen=True, slots=True)
class Whole:
    """A cluster after whole runs, and their results."""

    sandbox: Sandbox
    results: dict[str, StepResult]


@pytest.fixture(scope="module")
def whole() -> Iterator[Whole]:
    """A healthy cluster with the shipped roles, after a whole run about nobody and one about a pod and a name."""
    with pytest.MonkeyPatch.context() as patch, Sandbox(load("healthy")) as running:
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        lead_to(running, patch)
        results = checked(running)
        asked = checked(running, name="web.shop.svc.cluster.local", pod="shop/web", as_run="run_8a4b")
        yield Whole(running, {**results, **{f"{name} (asked)": result for name, result in asked.items()}})


def test_a_whole_run_is_allowed(whole: Whole) -> None:
    """No request of any check on a healthy cluster is refused by the shipped roles, but for what is optional."""
    refused = {one.words for one in whole.sandbox.kube.asked if one.status in (401, 403)}

    assert whole.sandbox.kube.crashes == []
    assert {words for words in refused if "ephemeralcontainers" not in words} == set()


def test_a_healthy_cluster_is_healthy(whole: Whole) -> None:
    """Every check is fine or has nothing to look at; without the optional role a pod's inside is unknown, and says so."""
    bad = {
        name: (str(result.outcome), result.because or result.summary)
        for name, result in whole.results.items()
        if result.outcome not in (Outcome.OK, Outcome.SKIPPED) and "ephemeralcontainers" not in result.because
    }

    assert bad == {}


def test_every_right_has_a_use(whole: Whole) -> None:
    """Each verb on each resource that the roles grant is used by a run, or stands in the table with its reason."""
    granted = {_place(right) for role in ROLES for right in rights(role)}
    used = {_place(right) for right in whole.sandbox.kube.access.used}

    assert set() == set(UNUSED) - granted
    assert [] == sorted(granted - used - set(UNUSED))


# Each rule taken away


def _rules() -> Iterator[Any]:
    for role in ROLES:
        meta = role["metadata"]
        for number, rule in enumerate(role["rules"]):
            what = "+".join(rule["resources"])
            key = f"{meta.get('namespace', 'cluster')}-{meta['name']}-{what}"
            yield pytest.param(role["kind"], meta.get("namespace", ""), meta["name"], number, id=key)


def _without(sandbox: Sandbox, kind: str, namespace: str, name: str, number: int) -> dict[str, Any]:
    """Take a rule out of a role of a running cluster, and return it."""
    held = next(
        one
        for one in sandbox.kube.objects.all(kind)
        if (one["metadata"].get("namespace", ""), one["metadata"]["name"]) == (namespace, name)
    )
    rule: dict[str, Any] = held["rules"].pop(number)
    sandbox.kube.objects.put(held)
    return rule


def _blind(results: Mapping[str, StepResult]) -> dict[str, StepResult]:
    """The steps that were refused something."""
    return {name: one for name, one in results.items() if "403" in one.because and one.outcome is not Outcome.SKIPPED}


def _world() -> World:
    """A healthy cluster whose AWS network nobody asks about: that takes its time, and no rule of Kubernetes is about it."""
    healthy = load("healthy")
    return replace(healthy, account=replace(healthy.account, network=None))


@pytest.mark.parametrize("kind,namespace,name,number", list(_rules()))
def test_a_rule_that_is_missing_is_named(
    kind: str, namespace: str, name: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a rule only the steps that need it are blind, each names the rule; the run goes on to its end."""
    with Sandbox(_world()) as running:
        lead_to(running, monkeypatch)
        narrow(running)
        rule = _without(running, kind, namespace, name, number)
        results = checked(running)
        refused = {one.attributes for one in running.kube.asked if one.status == 403 and one.words not in WIDE}
    blind = _blind(results)
    told = " ".join(f"{one.because} {one.grant}" for one in blind.values())

    assert {one.resource for one in refused} <= set(rule["resources"])
    assert {one.verb for one in refused} <= set(rule["verbs"])
    for verb, resource in sorted({(one.verb, one.resource) for one in refused}):
        assert re.search(rf"resources: \[{re.escape(resource)}\][^}}]*verbs: \[[^]]*{verb}", told), (
            verb,
            resource,
            told,
        )
    assert {} == {name: one.because for name, one in blind.items() if not one.grant}
    assert [] == [name for name, one in results.items() if one.outcome is Outcome.PROBLEM]


# What nobody may


DENIED = [
    *(
        Attributes(verb=verb, resource="secrets", namespace=n, name="s")
        for verb in ("get", "list")
        for n in ("shop", "kube-system")
    ),
    *(
        Attributes(verb=verb, resource="pods/exec", namespace=n, name="p")
        for verb in ("get", "create")
        for n in ("shop", "kube-system")
    ),
    *(Attributes(verb="create", resource="pods", namespace=n) for n in ("shop", "kube-system", "default")),
    *(Attributes(verb="delete", resource="pods", namespace=n, name="p") for n in ("shop", "kube-system")),
    Attributes(verb="get", resource="nodes/proxy", name="n"),
    Attributes(verb="create", resource="nodes/proxy", name="n"),
    Attributes(verb="get", resource="pods/proxy", namespace="kube-system", name="p"),
    Attributes(verb="create", resource="pods/attach", namespace="kube-system", name="p"),
    Attributes(verb="create", resource="serviceaccounts/token", namespace="kube-system", name="coredns"),
    Attributes(verb="impersonate", resource="users", name="admin"),
    Attributes(verb="escalate", group="rbac.authorization.k8s.io", resource="clusterroles", name="cluster-admin"),
    Attributes(verb="bind", group="rbac.authorization.k8s.io", resource="clusterroles", name="cluster-admin"),
    Attributes(verb="patch", resource="configmaps", namespace="kube-system", name="coredns"),
    Attributes(verb="get", resource="configmaps", namespace="kube-system", name="aws-auth"),
    Attributes(verb="list", resource="configmaps", namespace="kube-system"),
    Attributes(verb="get", resource="configmaps", namespace="shop", name="settings"),
    Attributes(verb="get", resource="pods/log", namespace="shop", name="web"),
    Attributes(verb="get", resource="pods/portforward", namespace="shop", name="web"),
    Attributes(verb="patch", group="apps", resource="deployments", namespace="kube-system", name="coredns"),
    Attributes(verb="patch", resource="pods/ephemeralcontainers", namespace="kube-system", name="coredns"),
    Attributes(verb="get", resource="services", namespace="kube-system", name="other"),
    Attributes(verb="patch", resource="namespaces", name="kube-system"),
    Attributes(verb="list", resource="persistentvolumes"),
    Attributes(verb="get", path="/metrics"),
]


@pytest.fixture(scope="module")
def judge() -> Iterator[Sandbox]:
    """A cluster with the shipped roles, to be asked what they allow."""
    with Sandbox(load("healthy")) as running:
        narrow(running)
        yield running


@pytest.mark.parametrize("asked", DENIED, ids=lambda asked: asked.words)
def test_what_no_diagnosis_needs_is_denied(judge: Sandbox, asked: Attributes) -> None:
    """The roles give no way to secrets, to other pods' processes, to more rights, or to a change."""
    assert not judge.kube.access.allows(User(name="reader", groups=("dnsmedic:read",)), asked)


def test_nobody_else_gets_in_by_these_roles(judge: Sandbox) -> None:
    """The roles are bound to their group alone."""
    asked = Attributes(verb="list", resource="nodes")

    assert [True, False, False] == [
        judge.kube.access.allows(User(name="somebody", groups=groups), asked)
        for groups in (("dnsmedic:read",), ("dnsmedic:other",), ())
    ]
