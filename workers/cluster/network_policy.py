"""What NetworkPolicies allow, by the rules of Kubernetes, three-valued where something is not known.

A pod that no policy selects for a direction is open in that direction; else what any of the policies allows is allowed. A
policy sees the pod's own address behind a Service, since the ClusterIP was replaced before.
https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .objects import EgressRule, IngressRule, LabelSelector, PolicyPeer, PolicyPort, PolicySpec
from .security_groups import holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A NetworkPolicy, or a kind that is built alike: what judging it needs."""

    namespace: str
    name: str
    version: str = ""
    kind: str = "NetworkPolicy"
    spec: PolicySpec = field(default_factory=PolicySpec)

    @property
    def key(self) -> str:
        """NAMESPACE/NAME."""
        return f"{self.namespace}/{self.name}"

    @property
    def line(self) -> str:
        """Where it is, for evidence."""
        return f"{self.kind} {self.key}, resourceVersion {self.version or 'unknown'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One end of a connection: a pod, or with namespace "" an address outside of the cluster.

    labels: None where they are not known. addresses: () where they are not known. ports: (name, number, protocol) of its
    containers.
    """

    name: str
    namespace: str = ""
    labels: dict[str, str] | None = None
    addresses: tuple[str, ...] = ()
    ports: tuple[tuple[str, int, str], ...] = ()

    @property
    def key(self) -> str:
        """NAMESPACE/NAME."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Whether policies let a connection pass; None where nobody can say. policies: those that select the pod."""

    allowed: bool | None
    policies: tuple[Policy, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """The policies, and the labels of the namespaces. strict: whether a pod that no policy selects is closed."""

    policies: tuple[Policy, ...]
    namespaces: Mapping[str, Mapping[str, str]]
    strict: bool = False

    def egress(self, client: Peer, server: Peer, transport: str, port: int) -> Judged:
        """Whether CLIENT may ask SERVER."""
        chosen = self._selecting(client, "Egress")
        rules = [(rule.to, rule.ports, p) for p in chosen for rule in p.spec.egress]
        return self._judged(chosen, rules, server, server, transport, port)

    def ingress(self, client: Peer, server: Peer, transport: str, port: int) -> Judged:
        """Whether SERVER may be asked by CLIENT."""
        chosen = self._selecting(server, "Ingress")
        rules = [(rule.from_, rule.ports, p) for p in chosen for rule in p.spec.ingress]
        return self._judged(chosen, rules, client, server, transport, port)

    def _selecting(self, pod: Peer, direction: str) -> tuple[Policy, ...]:
        return tuple(
            p
            for p in self.policies
            if p.namespace == pod.namespace
            and direction in types_of(p.spec)
            and selects(p.spec.pod_selector, pod.labels or {})
        )

    def _judged(
        self,
        chosen: tuple[Policy, ...],
        rules: Iterable[tuple[tuple[PolicyPeer, ...], tuple[PolicyPort, ...], Policy]],
        other: Peer,
        server: Peer,
        transport: str,
        port: int,
    ) -> Judged:
        if not chosen:
            return Judged(allowed=not self.strict)
        found = [
            True if not peers else _any(self._is_peer(peer, other, policy.namespace) for peer in peers)
            for peers, ports, policy in rules
            if _port_fits(ports, server, transport, port)
        ]
        return Judged(allowed=_any(found), policies=chosen)

    def _is_peer(self, peer: PolicyPeer, other: Peer, home: str) -> bool | None:
        if peer.ip_block is not None:
            return _in_block(peer.ip_block.cidr, peer.ip_block.except_, other.addresses)
        if not other.namespace or (peer.pod_selector is None and peer.namespace_selector is None):
            return False
        if peer.namespace_selector is None:
            if other.namespace != home:
                return False
        elif not selects(peer.namespace_selector, self._labels_of(other.namespace)):
            return False
        if peer.pod_selector is None or not (peer.pod_selector.match_labels or peer.pod_selector.match_expressions):
            return True
        return None if other.labels is None else selects(peer.pod_selector, other.labels)

    def _labels_of(self, namespace: str) -> Mapping[str, str]:
        known = self.namespaces.get(namespace, {})
        return {"kubernetes.io/metadata.name": namespace, **known}


def types_of(spec: PolicySpec) -> tuple[str, ...]:
    """The directions that a policy is about: Ingress unless it says otherwise, Egress too where it has egress rules."""
    return spec.policy_types or (("Ingress", "Egress") if spec.egress else ("Ingress",))


def selects(selector: LabelSelector, labels: Mapping[str, str]) -> bool:
    """Whether a label selector matches; an empty one matches all, an operator that does not exist none."""
    if any(labels.get(key) != value for key, value in selector.match_labels.items()):
        return False
    for one in selector.match_expressions:
        has = one.key in labels
        fits = {
            "In": has and labels.get(one.key) in one.values,
            "NotIn": labels.get(one.key) not in one.values if has else True,
            "Exists": has,
            "DoesNotExist": not has,
        }
        if not fits.get(one.operator, False):
            return False
    return True


def ports_of(rule: IngressRule | EgressRule) -> str:
    """The ports of a rule in words, as in `UDP 53, TCP 53`."""
    if not rule.ports:
        return "all ports"
    shown = (f"{p.protocol} {p.port if p.port is not None else 'all'}" + (f"-{p.end_port}" if p.end_port else "")
             for p in rule.ports)  # fmt: skip
    return ", ".join(shown)


def _port_fits(ports: Sequence[PolicyPort], server: Peer, transport: str, port: int) -> bool:
    return not ports or any(_one_port_fits(one, server, transport, port) for one in ports)


def _one_port_fits(one: PolicyPort, server: Peer, transport: str, port: int) -> bool:
    if (one.protocol or "TCP").lower() != transport:
        return False
    if one.port is None:
        return True
    if isinstance(one.port, str) and not one.port.isdecimal():
        return (one.port, port, transport) in {(name, number, how.lower()) for name, number, how in server.ports}
    first = int(one.port)
    return first <= port <= (one.end_port or first)


def _in_block(cidr: str, but: Sequence[str], addresses: Sequence[str]) -> bool | None:
    if not addresses:
        return None
    return any(holds(cidr, a) and not any(holds(hole, a) for hole in but) for a in addresses)


def _any(values: Iterable[bool | None]) -> bool | None:
    seen = list(values)
    if any(value is True for value in seen):
        return True
    return None if any(value is None for value in seen) else False
