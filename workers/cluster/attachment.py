"""Which EC2 network interface carries which pod or node: what security groups and network ACLs are judged by."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from .aws import Aws, Interface
from .compute import Compute, compute
from .errors import DoesNotApply
from .objects import Node, Pod
from .security_groups import Side, holds
from .whole import Cluster

MAX_NODES = 300
"""So many nodes are compared; those beyond are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One end of the way to DNS. name: `pod/NAME` of a CoreDNS pod, NAMESPACE/NAME of another, or the node's name.

    address: one that its packets carry. groups: of its interface.
    """

    name: str
    node: str
    address: str
    interface: str = ""
    subnet: str = ""
    groups: tuple[str, ...] = ()

    @property
    def side(self) -> Side:
        """As security groups see it."""
        return Side(groups=self.groups, address=self.address)

    @property
    def line(self) -> str:
        """The end in a line, for evidence."""
        held = ", ".join(self.groups) or "no security group"
        return f"{self.name} on {self.node}: {self.address}, {self.interface} in {self.subnet}, {held}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Who asks and who is asked. clients: for each node the interfaces that its pods use. unknown: without an interface.

    left_out: how many nodes beyond the limit were not compared.
    """

    clients: tuple[End, ...]
    servers: tuple[End, ...]
    unknown: tuple[str, ...] = ()
    left_out: int = 0

    @property
    def pairs(self) -> tuple[tuple[End, End], ...]:
        """Each asker with each CoreDNS pod of another node: on one node packets meet neither groups nor ACLs."""
        return tuple((c, s) for c in self.clients for s in self.servers if c.node != s.node)


def addressed(cluster: Cluster) -> tuple[Pod, ...]:
    """The CoreDNS pods that run and have an address."""
    return tuple(pod for pod in cluster.coredns_pods() if pod.running and pod.addresses)


def ends(cluster: Cluster) -> Ends:
    """The interfaces of the nodes' pods and of the CoreDNS pods.

    Raises CannotRead, and DoesNotApply where no CoreDNS pod runs or none has an address of the VPC (an overlay network,
    hybrid nodes).
    """
    replicas = addressed(cluster)
    if not replicas:
        raise DoesNotApply("no CoreDNS pod runs here")
    nodes = [n for n in cluster.nodes() if n.ready and n.internal_ip and compute(n) is not Compute.HYBRID]
    beside = {pod.spec.node_name for pod in replicas}
    nodes = sorted(nodes, key=lambda n: (n.name not in beside, n.name))
    held = Held(cluster.aws, nodes[:MAX_NODES], [pod.addresses[0] for pod in replicas])
    servers = [(f"pod/{p.name}", p.spec.node_name, p.addresses[0]) for p in replicas]
    found = [end_of(name, node, address, held.of(address)) for name, node, address in servers]
    if not any(found):
        raise DoesNotApply(
            "no CoreDNS pod has an address of a network interface of EC2: the network is not the VPC's own"
        )
    six = any(":" in address for _, _, address in servers)
    clients = [end for node in nodes[:MAX_NODES] for end in held.clients(node, six=six)]
    unknown = [name for (name, _, _), end in zip(servers, found, strict=True) if end is None]
    unknown += [n.name for n in nodes[:MAX_NODES] if n.name not in {c.node for c in clients}]
    return Ends(
        clients=tuple(clients), servers=tuple(e for e in found if e), unknown=tuple(unknown),
        left_out=max(0, len(nodes) - MAX_NODES),
    )  # fmt: skip


class Held:
    """Interfaces by the addresses that they hold, of some nodes and of some addresses besides."""

    def __init__(self, aws: Aws, nodes: Iterable[Node], addresses: Iterable[str]) -> None:
        """Raises CannotRead."""
        nodes = list(nodes)
        self._interfaces = list(aws.instance_interfaces(instance(n) for n in nodes))
        wanted = [*addresses, *(n.internal_ip for n in nodes if not instance(n))]
        self._interfaces += aws.interfaces(a for a in wanted if self.of(a) is None)

    def of(self, address: str) -> Interface | None:
        """The interface that holds an address by itself or in a delegated prefix."""
        exact = next((one for one in self._interfaces if address in one.addresses), None)
        return exact or next((one for one in self._interfaces if any(holds(p, address) for p in one.prefixes)), None)

    def clients(self, node: Node, *, six: bool) -> list[End]:
        """The interfaces that the node's pods use: those with more than their own address, else the node's first.

        six: whether pods have IPv6 addresses, so that the ends get such ones.
        """
        own = [one for one in self._interfaces if one.instance and one.instance == instance(node)]
        shared = [one for one in own if len(one.addresses) > 1 or one.prefixes]
        chosen = shared or [one for one in own if one.primary or node.internal_ip in one.addresses]
        if not chosen and (found := self.of(node.internal_ip)):
            chosen = [found]
        ends = [end_of(node.name, node.name, _pod_address(one, six=six), one) for one in chosen]
        return [end for end in ends if end]


def instance(node: Node) -> str:
    """The id of the EC2 instance that a node is, or ""."""
    last = node.spec.provider_id.rpartition("/")[2]
    return last if last.startswith("i-") else ""


def end_of(name: str, node: str, address: str, held: Interface | None) -> End | None:
    """The end at ADDRESS, which an interface holds; None where none is known to."""
    if held is None:
        return None
    return End(name=name, node=node, address=address, interface=held.id, subnet=held.subnet, groups=held.groups)


def _pod_address(held: Interface, *, six: bool) -> str:
    """An address of that family that a pod on this interface has or may get."""
    own = [a for a in held.addresses if (":" in a) is six]
    if len(own) > 1:
        return own[1]
    for prefix in (p for p in held.prefixes if (":" in p) is six):
        try:
            return str(ipaddress.ip_network(prefix, strict=False)[1])
        except (ValueError, IndexError):
            continue
    return next(iter(own or held.addresses), "")
