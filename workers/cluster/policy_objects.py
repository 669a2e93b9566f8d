"""The policies and pods of a cluster as judging them needs them, and the policy that lets DNS through beside another."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from .errors import Gaps
from .network_policy import Peer, Policy
from .objects import Custom, Pod, PolicySpec
from .whole import Cluster

NAMED = 8
GROUP = "networking.k8s.aws"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """A pod of an application. workload: as in `Deployment shop/web`."""

    peer: Peer
    workload: str


def policies_of(cluster: Cluster, gaps: Gaps, namespaces: Sequence[str]) -> tuple[Policy, ...]:
    """The NetworkPolicies of some namespaces, and the ApplicationNetworkPolicies of all."""
    found = [
        Policy(namespace=p.namespace, name=p.name, version=p.metadata.resource_version, spec=p.spec)
        for home in namespaces
        for p in gaps.of(lambda n=home: cluster.network_policies(n), ())  # type: ignore[misc]
    ]
    return (*found, *_application_policies(cluster, gaps))


def peer_of(pod: Pod) -> Peer:
    """A pod as policies see it."""
    containers = pod.spec.containers
    return Peer(
        name=pod.name, namespace=pod.namespace, labels=dict(pod.metadata.labels), addresses=pod.addresses,
        ports=tuple((p.name, p.container_port, p.protocol) for c in containers for p in c.ports if p.name),
    )  # fmt: skip


def _application_policies(cluster: Cluster, gaps: Gaps) -> Iterator[Policy]:
    """EKS' own namespaced kind, built like a NetworkPolicy; rules by domain name allow no address."""
    found = gaps.of(lambda: cluster.custom(GROUP, "v1alpha1", "applicationnetworkpolicies"), None)
    for one in found or ():
        try:
            spec = msgspec.convert(one.spec, PolicySpec, strict=False)
        except msgspec.ValidationError:
            continue
        yield Policy(
            namespace=one.namespace, name=one.name, version=one.metadata.resource_version,
            kind="ApplicationNetworkPolicy", spec=spec,
        )  # fmt: skip


def not_judged(cluster: Cluster, gaps: Gaps) -> tuple[str, ...]:
    """Cluster-wide policies that may deny: their kind has rules of its own, which are not judged here."""
    listed = gaps.of(lambda: cluster.custom(GROUP, "v1alpha1", "clusternetworkpolicies"), None)
    found = [one for one in listed or () if _denies(one)]
    names = tuple(f"ClusterNetworkPolicy {one.name}" for one in found)
    if names:
        gaps.add(", ".join(names[:NAMED]), "policies of this kind can deny DNS and are not judged: read them yourself")
    return names


def _denies(policy: Custom) -> bool:
    rules = [r for key in ("ingress", "egress") for r in policy.spec.get(key) or () if isinstance(r, dict)]
    return any(str(rule.get("action", "")).lower() == "deny" for rule in rules)


def allow_commands(policies: Sequence[Policy], fallback: Policy, rule: dict[str, object]) -> tuple[str, ...]:
    """Commands that add a policy beside each closing one, for the same pods: it can only open, since they are closed."""
    made = []
    for policy in policies[:3] or (fallback,):
        direction = next(iter(rule))
        body = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": f"allow-dns-{policy.name}"[:253], "namespace": policy.namespace},
            "spec": {
                "podSelector": {k: v for k, v in msgspec.to_builtins(policy.spec.pod_selector).items() if v},
                "policyTypes": [direction.capitalize()],
                **rule,
            },
        }
        made.append(f"echo {shlex.quote(msgspec.json.encode(body).decode())} | kubectl apply -f -")
    return tuple(made)
