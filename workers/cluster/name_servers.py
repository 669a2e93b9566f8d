"""Name servers beside kube-dns: addresses that pods name and that may know the cluster's names, and pods that answer DNS.

What cannot be read here is no gap of whoever asks: an address of which nothing is known gets the benefit of the doubt where
it lies inside the cluster.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping

from contract.model import Effect, NameKind, Path

from .endpoints import targeted
from .errors import CannotRead, DoesNotApply, Gaps
from .objects import Pod, Service
from .outward import RESOLVERS
from .reader import SYSTEM, matches
from .survey import Asked
from .whole import Cluster

DNS = 53
BY_ADDRESS = (Path.CLIENT, Path.NODE_LOCAL, Path.REPLICA)
"""The ways on which a survey asks servers past kube-dns: what pods are given, a cache on the node, CoreDNS pods."""


def beside_kube_dns(cluster: Cluster, named: Iterable[str]) -> tuple[str, ...]:
    """Those of the addresses that answered a name of the cluster, or that may lead to CoreDNS for all that is known."""
    wanted = sorted(set(named))
    if not wanted:
        return ()
    surveys = [one for one in (Gaps().of(cluster.survey, None), Gaps().of(cluster.pod_survey, None)) if one is not None]
    asked = [one for survey in surveys for one in survey.asked if _by_address(one)]
    seen = {one.target.address for one in asked}
    answered = {one.target.address for one in asked if one.effect is Effect.OK}
    held = {address: one for one in _services(cluster, (SYSTEM, *cluster.app_namespaces)) for address in one.addresses}
    cidr = _service_cidr(cluster)

    def good(address: str) -> bool:
        if address in seen:
            return address in answered
        return _for_dns(held[address]) if address in held else may_know(address, cidr)

    return tuple(address for address in wanted if good(address))


def _by_address(one: Asked) -> bool:
    return one.target.path in BY_ADDRESS and one.name.kind is NameKind.INTERNAL


def may_know(address: str, service_cidr: str) -> bool:
    """A server in the pod, a cache on the node, or a Service that nobody may list here: each may forward to CoreDNS."""
    try:
        one = ipaddress.ip_address(address)
        if one.is_loopback or (one.is_link_local and address not in RESOLVERS):
            return True
        return bool(service_cidr) and one in ipaddress.ip_network(service_cidr, strict=False)
    except ValueError:
        return False


def serving(cluster: Cluster, pods: Mapping[str, Pod]) -> frozenset[str]:
    """Those of the pods that answer DNS: they declare port 53, or a Service leads its port 53 to them."""
    fronts = [s for s in _services(cluster, sorted({p.namespace for p in pods.values()})) if _for_dns(s)]
    return frozenset(key for key, pod in pods.items() if _declares(pod) or any(_selects(s, pod) for s in fronts))


def _services(cluster: Cluster, namespaces: Iterable[str]) -> tuple[Service, ...]:
    listed = [Gaps().of(lambda n=namespace: cluster.services(n), ()) for namespace in dict.fromkeys(namespaces)]  # type: ignore[misc]
    return tuple(service for found in listed for service in found)


def _for_dns(service: Service) -> bool:
    return any(port.number == DNS for port in targeted(service))


def _selects(service: Service, pod: Pod) -> bool:
    selector = service.spec.selector
    return bool(selector) and service.namespace == pod.namespace and matches(pod.metadata.labels, selector)


def _declares(pod: Pod) -> bool:
    return any(port.container_port == DNS for container in pod.spec.containers for port in container.ports)


def _service_cidr(cluster: Cluster) -> str:
    try:
        return cluster.aws.cluster().service_cidr
    except (CannotRead, DoesNotApply):
        return ""
