"""Whether anything in the cluster makes NetworkPolicies hold: without an agent for them they are only words."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from .compute import Compute, sorts
from .errors import CannotRead, DoesNotApply
from .objects import Workload
from .reader import SYSTEM, Reader

NAMESPACES = {"calico-system": "Calico", "calico-apiserver": "Calico", "cilium": "Cilium", "antrea-system": "Antrea"}
AGENTS = {
    "calico-node": "Calico",
    "canal": "Calico",
    "cilium": "Cilium",
    "kube-router": "kube-router",
    "kindnet": "kindnet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Enforcer:
    """Who makes policies hold; name "" for nobody. sure: whether this is known. because: what says so.

    strict: whether a pod that no policy selects is closed.
    """

    name: str
    sure: bool
    because: str
    strict: bool = False


def enforcer(cluster: Reader) -> Enforcer:
    """The agent of this cluster's policies. Raises CannotRead."""
    agent = cluster.daemon_set(SYSTEM, "aws-node")
    found = vpc_cni(agent) if agent is not None else None
    if found is not None and found.name:
        return found
    other = _other(cluster)
    if other is not None:
        return other
    if Compute.AUTO in sorts(cluster.nodes()):
        return Enforcer(
            name="EKS Auto Mode", sure=False, because="nodes of Auto Mode hold policies where it is switched on"
        )
    if found is not None:
        return found
    configured = _configured(cluster)
    if agent is None:
        return Enforcer(name="an unknown network", sure=False, because="there is no DaemonSet aws-node in kube-system")
    return Enforcer(name="the VPC CNI" if configured else "", sure=True, because=_because(configured=configured))


def _because(*, configured: bool) -> str:
    if configured:
        return "the add-on vpc-cni is configured with enableNetworkPolicy true"
    return "aws-node has no network policy agent, and no other agent was found"


def vpc_cni(agent: Workload) -> Enforcer | None:
    """What the arguments of the VPC CNI's policy agent say; None where it has no such container."""
    containers = agent.spec.template.spec.containers
    node_agent = next((c for c in containers if "nodeagent" in c.name or "network-policy-agent" in c.image), None)
    if node_agent is None:
        return None
    words = [*node_agent.command, *node_agent.args]
    strict = any(e.name == "NETWORK_POLICY_ENFORCING_MODE" and e.value == "strict" for c in containers for e in c.env)
    switched = next((w.partition("=")[2] for w in words if w.startswith("--enable-network-policy")), "false")
    because = (
        f"DaemonSet kube-system/aws-node, container {node_agent.name}: --enable-network-policy={switched or 'true'}"
    )
    on = switched.lower() in ("", "true", "1")
    return Enforcer(name="the VPC CNI" if on else "", sure=True, because=because, strict=strict and on)


def _other(cluster: Reader) -> Enforcer | None:
    for namespace in cluster.namespaces():
        if namespace.name in NAMESPACES:
            name = NAMESPACES[namespace.name]
            return Enforcer(name=name, sure=True, because=f"there is a namespace {namespace.name}")
    for pod in cluster.pods(SYSTEM):
        labels = pod.metadata.labels
        label = labels.get("k8s-app", "") or labels.get("app", "") or labels.get("app.kubernetes.io/name", "")
        if label in AGENTS and pod.running:
            return Enforcer(name=AGENTS[label], sure=True, because=f"pod kube-system/{pod.name} runs")
    return None


def _configured(cluster: Reader) -> bool:
    """Whether EKS' add-on is told to hold policies."""
    try:
        addon = cluster.aws.addon("vpc-cni")
    except (CannotRead, DoesNotApply):
        return False
    try:
        values = msgspec.json.decode(addon.configuration) if addon and addon.configuration else {}
    except msgspec.DecodeError:
        return False
    return isinstance(values, dict) and str(values.get("enableNetworkPolicy", "")).lower() == "true"
