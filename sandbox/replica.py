"""A name server like a CoreDNS pod with EKS' Corefile: it makes the cluster's names of its objects, and forwards the rest."""

from __future__ import annotations

import ipaddress
import itertools
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import dns.message
import dns.rcode

from .dns import Authority, Manners, Source, Zone, among, begun, name_of

CLUSTER_DOMAIN = "cluster.local"


class Replica:
    """A server like a CoreDNS pod with EKS' Corefile: the cluster's own names from its objects, the rest from upstream."""

    def __init__(
        self,
        objects: Callable[[str], Iterable[Mapping[str, Any]]],
        upstream: Callable[[], Source | None],
        manners: Manners | None = None,
        patience: float = 2.0,
    ) -> None:
        """objects: all of a kind, by the kind's name. patience: seconds until a silent upstream becomes SERVFAIL."""
        self._objects, self._upstream, self._patience = objects, upstream, patience
        self.manners = manners or Manners()
        self._turns = itertools.count(1)

    def answer(self, asked: dns.message.Message, transport: str) -> dns.message.Message | None:
        """The cluster's names with authority, others as the upstream answers them."""
        name = name_of(asked)
        own = among(name, (CLUSTER_DOMAIN, f"*.{CLUSTER_DOMAIN}", "*.in-addr.arpa"))
        if own:
            zone = Zone(origin=CLUSTER_DOMAIN, records=records(self._objects), ttl=5, negative_ttl=5)
            if name.endswith(".in-addr.arpa"):
                zone = Zone(origin="in-addr.arpa", records=pointers(zone.records), ttl=5)
                own = zone.at(name) is not None
            if own:
                return self._mannered(zone).answer(asked, transport)
        if self.manners != Manners():
            refused = self._mannered(Zone(origin="")).answer(asked, transport)
            kept = any(zone.knows(name) for zone in self.manners.kept)
            if refused is None or kept or among(name, (*self.manners.rcodes, *self.manners.truncate)):
                return refused
        return self._forwarded(asked, transport)

    def _mannered(self, zone: Zone) -> Authority:
        return Authority([zone], self.manners, recursive=False, turns=self._turns)

    def _forwarded(self, asked: dns.message.Message, transport: str) -> dns.message.Message:
        upstream = self._upstream()
        reply = upstream.answer(asked, transport) if upstream else None
        if reply is None:
            time.sleep(self._patience)
            reply = begun(asked, recursive=False)
            reply.set_rcode(dns.rcode.SERVFAIL)
            return reply
        for rrset in reply.answer:
            rrset.ttl = min(rrset.ttl, 30)  # Corefile: cache 30
        return reply


def heard(
    objects: Callable[[str], Iterable[Mapping[str, Any]]], until: str
) -> Callable[[str], list[Mapping[str, Any]]]:
    """OBJECTS as a server knows them that heard of none made after the moment UNTIL, in the API's words."""
    return lambda kind: [o for o in objects(kind) if o["metadata"]["creationTimestamp"] <= until]


def forwards_to(objects: Callable[[str], Iterable[Mapping[str, Any]]]) -> tuple[str, ...]:
    """Where the Corefile in the ConfigMap forwards all names to: addresses, or `/etc/resolv.conf`."""
    maps = (o for o in objects("ConfigMap") if o["metadata"]["namespace"] == "kube-system")
    texts = (str((o.get("data") or {}).get("Corefile", "")) for o in maps if o["metadata"]["name"] == "coredns")
    return tuple(word for text in texts for found in _FORWARD.findall(text) for word in found.split())


_FORWARD = re.compile(r"^\s*forward\s+\.\s+([^{\n#]+)", re.MULTILINE)


def records(objects: Callable[[str], Iterable[Mapping[str, Any]]]) -> dict[str, list[tuple[str, str]]]:
    """All names of the cluster's domain, as CoreDNS makes them of Services, EndpointSlices, pods and namespaces."""
    found: dict[str, list[tuple[str, str]]] = {f"dns-version.{CLUSTER_DOMAIN}": [("TXT", '"1.1.0"')]}
    for namespace in objects("Namespace"):
        found[f"{namespace['metadata']['name']}.svc.{CLUSTER_DOMAIN}"] = []
        found[f"{namespace['metadata']['name']}.pod.{CLUSTER_DOMAIN}"] = []
        found[f"*.{namespace['metadata']['name']}.pod.{CLUSTER_DOMAIN}"] = [("POD", "")]
    slices = list(objects("EndpointSlice"))
    for service in objects("Service"):
        for name, value in _service(service, slices):
            found.setdefault(name, []).append(value)
    return found


def _service(service: Mapping[str, Any], slices: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, tuple[str, str]]]:
    meta, spec = service["metadata"], service.get("spec") or {}
    name = f"{meta['name']}.{meta['namespace']}.svc.{CLUSTER_DOMAIN}"
    if spec.get("type") == "ExternalName":
        yield name, ("CNAME", f"{spec['externalName']}.")
        return
    if spec.get("clusterIP") not in (None, "", "None"):
        for address in spec.get("clusterIPs") or [spec["clusterIP"]]:
            yield name, _address(address)
        for port in spec.get("ports") or ():
            if port.get("name"):
                target = f"_{port['name']}._{port.get('protocol', 'TCP').lower()}.{name}"
                yield target, ("SRV", f"0 100 {port['port']} {name}.")
        return
    for one in slices:
        labels = one["metadata"].get("labels") or {}
        if (one["metadata"]["namespace"], labels.get("kubernetes.io/service-name")) == (
            meta["namespace"],
            meta["name"],
        ):
            yield from _headless(name, one, unready=bool(spec.get("publishNotReadyAddresses")))


def _headless(name: str, one: Mapping[str, Any], *, unready: bool) -> Iterator[tuple[str, tuple[str, str]]]:
    for endpoint in one.get("endpoints") or ():
        if (endpoint.get("conditions") or {}).get("ready") is False and not unready:
            continue
        for address in endpoint["addresses"]:
            host = endpoint.get("hostname") or address.replace(".", "-").replace(":", "-")
            yield name, _address(address)
            yield f"{host}.{name}", _address(address)
            for port in one.get("ports") or ():
                if port.get("name"):
                    target = f"_{port['name']}._{port.get('protocol', 'TCP').lower()}.{name}"
                    yield target, ("SRV", f"0 100 {port['port']} {host}.{name}.")


def pointers(known: Mapping[str, Sequence[tuple[str, str]]]) -> dict[str, list[tuple[str, str]]]:
    """The reverse names of KNOWN."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name, values in known.items():
        for kind, value in values:
            if kind == "A":
                found.setdefault(ipaddress.ip_address(value).reverse_pointer, []).append(("PTR", f"{name}."))
    return found


def _address(address: str) -> tuple[str, str]:
    return ("AAAA" if ":" in address else "A", address)
