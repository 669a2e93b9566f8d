"""What the keys of a server block mean: zone, port and transport."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

PORTS = {"dns": 53, "tls": 853, "quic": 853, "grpc": 443, "https": 443, "https3": 443}


@dataclass(frozen=True, slots=True)
class Zone:
    """One zone that a block serves. name: lower case, no dot at the end, "" for the root. transport: dns, tls, ..."""

    name: str
    port: int = 53
    transport: str = "dns"


def zones_of(key: str) -> tuple[Zone, ...]:
    """What a key means; several zones for a network, none for a key that CoreDNS refuses."""
    transport, scheme, rest = key.partition("://")
    if not scheme or transport not in PORTS:
        transport, rest = "dns", key
    host, port = _port_of(rest, PORTS[transport])
    network = reverse(host)
    if network:
        return tuple(Zone(name, port, transport) for name in network)
    if not is_domain(host):
        return ()
    return (Zone(host.rstrip(".").lower(), port, transport),)


def _port_of(text: str, default: int) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if colon and port.isascii() and port.isdigit():
        return host, int(port[:9])
    return text, default


def reverse(text: str) -> tuple[str, ...]:
    """The reverse zones of a network such as 10.1.0.0/16, or () where TEXT is none."""
    if "/" not in text:
        return ()
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return ()
    step = 8 if network.version == 4 else 4
    length = min(-(-max(network.prefixlen, 1) // step) * step, network.max_prefixlen)
    names = []
    for part in network.subnets(new_prefix=length):
        labels = part.network_address.reverse_pointer.split(".")
        names.append(".".join(labels[(network.max_prefixlen - length) // step :]))
    return tuple(names)


def is_domain(text: str) -> bool:
    """Whether TEXT can be a domain name: no empty label, no label over 63 octets, 255 octets at most."""
    if text in ("", "."):
        return True
    labels = [label.encode(errors="replace") for label in text.removesuffix(".").split(".")]
    return len(text.encode(errors="replace")) <= 255 and all(0 < len(label) <= 63 for label in labels)
