"""Which ports the CoreDNS pods serve, and where a Service's target port leads among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .assembled import Assembled
from .objects import Pod, Service


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPort:
    """A port with a protocol: of a container (number) or of an EndpointSlice (number None: every port)."""

    name: str = ""
    number: int | None = None
    protocol: str = "TCP"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetedPort:
    """A port of a Service. target: the number or the name that it leads to."""

    name: str = ""
    number: int = 0
    protocol: str = "TCP"
    target: int | str = 0

    @property
    def words(self) -> str:
        """`dns 53/UDP -> 53`."""
        return f"{self.name or 'unnamed'} {self.number}/{self.protocol} -> {self.target}"


def declared(pod: Pod) -> tuple[NamedPort, ...]:
    """The ports that a pod's containers declare."""
    return tuple(
        NamedPort(name=port.name, number=port.container_port, protocol=port.protocol or "TCP")
        for container in pod.spec.containers
        for port in container.ports
    )


def targeted(service: Service) -> tuple[TargetedPort, ...]:
    """The ports of a Service; one without a target port leads to the same number."""
    return tuple(
        TargetedPort(name=p.name, number=p.port, protocol=p.protocol or "TCP", target=p.target_port or p.port)
        for p in service.spec.ports
    )


def resolved(target: int | str, protocol: str, pod_ports: Sequence[NamedPort]) -> int | None:
    """The number that a target port means at a pod with these ports; None for a name that no port of it has."""
    if isinstance(target, int):
        return target
    if target.isdecimal():
        return int(target)
    return next((p.number for p in pod_ports if p.name == target and p.protocol == protocol), None)


def serves(number: int, protocol: str, pod_ports: Sequence[NamedPort], corefile_ports: Sequence[int]) -> bool:
    """Whether somebody listens there: the Corefile decides; where it is not known, what the pod declares."""
    if corefile_ports:
        return number in corefile_ports
    return any(p.number == number and p.protocol == protocol for p in pod_ports)


def corefile_ports(found: Assembled | None, pods: Sequence[Pod]) -> tuple[int, ...]:
    """The ports of plain DNS that the Corefile opens; none where it says nothing certain."""
    arguments = (word for pod in pods for c in pod.spec.containers for word in (*c.command, *c.args))
    if found is None or not found.whole or any(word.lstrip("-").startswith("dns.port") for word in arguments):
        return ()
    return tuple(
        sorted({zone.port for block in found.parsed.blocks for zone in block.zones if zone.transport == "dns"})
    )
