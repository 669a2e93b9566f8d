"""Names as Kubernetes and C libraries take them: what a short name is expanded to, what a cluster name stands for."""

from __future__ import annotations

import difflib
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

NAME = 253
"""The longest name, without the trailing dot."""
NEAREST = 3
ALIKE = 0.6
KNOWN = 5000
DEFAULT_DOMAIN = "cluster.local"


class Libc(StrEnum):
    """The C library of an image; they differ in what they do after an absolute name failed."""

    GLIBC = "glibc"
    MUSL = "musl"


class Form(StrEnum):
    """What a name under the cluster's domain stands for."""

    SERVICE = "service"
    ENDPOINT = "endpoint"
    """HOSTNAME.SERVICE.NAMESPACE.svc: one pod of a headless Service."""
    SRV = "srv"
    POD = "pod"
    NAMESPACE = "namespace"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterName:
    """A name under the cluster's domain, in its parts; a part that the form has not is ""."""

    form: Form
    service: str = ""
    namespace: str = ""
    hostname: str = ""
    address: str = ""

    @property
    def short(self) -> str:
        """`SERVICE.NAMESPACE`, as applications write it."""
        return ".".join(part for part in (self.service, self.namespace) if part)


def plain(name: str) -> str:
    """NAME in lower-case ASCII letters, without the trailing dot; other letters stay as they are."""
    name = name.strip()
    folded = name.lower() if name.isascii() else "".join(c.lower() if c.isascii() else c for c in name)
    return folded.removesuffix(".")


def dots(name: str) -> int:
    """How many dots a library counts in NAME as somebody writes it."""
    return name.count(".")


def under(name: str, zone: str) -> bool:
    """Whether NAME is ZONE or below it; the root ("" or ".") holds every name."""
    name, zone = plain(name), plain(zone)
    return not zone or name == zone or name.endswith(f".{zone}")


def expansions(name: str, search: Sequence[str], ndots: int, libc: Libc = Libc.GLIBC) -> tuple[str, ...]:
    """The absolute names (without trailing dot) that a library asks for NAME, in order, until one exists.

    glibc tries the search list in any case, after the name itself where that has at least NDOTS dots. musl never tries
    it then. A name with a trailing dot is asked as it stands, by both. Names that are too long are left out.
    """
    itself = plain(name)
    if not itself or name.strip().endswith("."):
        return (itself,) if itself else ()
    listed = [f"{itself}.{plain(suffix)}" if plain(suffix) else itself for suffix in search]
    after = [] if libc is Libc.MUSL else listed
    wanted = [*listed, itself] if dots(itself) < ndots else [itself, *after]
    return tuple(dict.fromkeys(each for each in wanted if len(each) <= NAME))


def domain_of(internal: str) -> str:
    """The cluster's domain, from a name of a Service in it: what follows `.svc.`."""
    _, found, domain = plain(internal).partition(".svc.")
    return domain if found and domain else DEFAULT_DOMAIN


def search_of(namespace: str, domain: str) -> tuple[str, ...]:
    """The search domains that the kubelet puts before the node's own for a pod of NAMESPACE."""
    return (f"{namespace}.svc.{domain}", f"svc.{domain}", domain)


def parsed(name: str, domain: str) -> ClusterName | None:
    """NAME in its parts; None where it is not under the cluster's DOMAIN."""
    name, domain = plain(name), plain(domain)
    if not domain or not under(name, domain):
        return None
    labels = name.removesuffix(domain).rstrip(".").split(".")
    if labels[-1] == "svc":
        return _service(labels[:-1])
    if labels[-1] == "pod" and len(labels) == 3:
        return ClusterName(form=Form.POD, namespace=labels[1], address=_pod_address(labels[0]))
    if len(labels) == 2 and all(labels):  # as SERVICE.NAMESPACE without its `svc`
        return ClusterName(form=Form.OTHER, service=labels[0], namespace=labels[1])
    return ClusterName(form=Form.OTHER)


def _service(labels: Sequence[str]) -> ClusterName:
    if len(labels) == 1:
        return ClusterName(form=Form.NAMESPACE, namespace=labels[0])
    if len(labels) == 2:
        return ClusterName(form=Form.SERVICE, service=labels[0], namespace=labels[1])
    if len(labels) == 3:
        return ClusterName(form=Form.ENDPOINT, hostname=labels[0], service=labels[1], namespace=labels[2])
    if len(labels) in (4, 5) and labels[0].startswith("_") and labels[1].startswith("_"):
        return ClusterName(form=Form.SRV, service=labels[-2], namespace=labels[-1])
    return ClusterName(form=Form.OTHER)


def _pod_address(label: str) -> str:
    """The address that a pod's name stands for (`10-0-0-1`), or ""."""
    for text in (label.replace("-", "."), label.replace("-", ":")):
        try:
            return str(ipaddress.ip_address(text))
        except ValueError:
            continue
    return ""


def nearest(wanted: str, known: Iterable[str]) -> tuple[str, ...]:
    """Those of KNOWN that look most like WANTED, best first: at most three, none that is not alike."""
    some = list(dict.fromkeys(name for name in known if name != wanted))[:KNOWN]
    return tuple(difflib.get_close_matches(wanted[:NAME], some, n=NEAREST, cutoff=ALIKE))
