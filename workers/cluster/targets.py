"""What a cluster name leads to by the objects of the API: does the Service exist, has it endpoints, what is alike."""

from __future__ import annotations

from dataclasses import dataclass

from contract.model import Effect

from .answers import askable
from .asked import said_of
from .assembled import Assembled
from .corefile import overridden
from .errors import Gaps
from .names import ClusterName, Form, nearest
from .objects import EndpointSlice, Service
from .reader import SYSTEM
from .whole import Cluster

HOSTNAMES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What the API knows of a cluster name. None for what could not be read or was not looked at.

    namespace_exists, exists: of the Namespace, the Service. ready, endpoints: counts of its endpoints. hostnames: those
    that a headless Service has names for. addresses: the ClusterIPs, none for a headless or ExternalName Service.
    external_name: what an ExternalName Service leads to. owner: why a pod's name, or that one, is missing, in words, where
    that is known. alike: SERVICE.NAMESPACE that exist and look like it.
    """

    name: ClusterName
    namespace_exists: bool | None = None
    exists: bool | None = None
    headless: bool = False
    external_name: str = ""
    publishes_unready: bool = False
    ready: int = 0
    endpoints: int = 0
    hostnames: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    owner: str = ""
    alike: tuple[str, ...] = ()
    version: str = ""

    @property
    def key(self) -> str:
        """NAMESPACE/SERVICE."""
        return f"{self.name.namespace}/{self.name.service}"

    @property
    def unnamed(self) -> bool:
        """Whether the name is of one pod, and the Service is of the sort whose pods have no names."""
        return bool(self.exists) and not self.headless and self.name.form is Form.ENDPOINT

    def against(self, addresses: tuple[str, ...]) -> str:
        """What the API says against an answer with ADDRESSES, in words; "" where nothing does."""
        if self.name.form is not Form.SERVICE or not addresses:
            return ""
        if self.exists is False:
            return f" ({', '.join(addresses)}), and the API has no such Service"
        if self.addresses and not set(self.addresses) & set(addresses):
            return f" ({', '.join(addresses)}), and the API has {', '.join(self.addresses)}"
        return ""

    @property
    def missing(self) -> str:
        """What is not there, in words."""
        if self.namespace_exists is False and self.name.form is not Form.OTHER:
            return f"there is no namespace {self.name.namespace}"
        if self.name.form in (Form.OTHER, Form.NAMESPACE):
            return "it is not of the form SERVICE.NAMESPACE.svc that the names of Services have"
        if self.unnamed:
            return f"Service {self.key} is not headless, so its pods have no names"
        if self.external_name:
            return f"Service {self.key} leads to {self.external_name}, and {self.owner or 'that has no address'}"
        if self.exists is None:
            return f"whether namespace {self.name.namespace} has a Service {self.name.service} could not be read"
        return f"there is no Service {self.name.service} in namespace {self.name.namespace}"

    @property
    def line(self) -> str:
        """A headless Service and its endpoints, for evidence."""
        unready = str(self.publishes_unready).lower()
        return (
            f"Service {self.key} (resourceVersion {self.version}): clusterIP None, publishNotReadyAddresses {unready}, "
            f"{self.ready} of {self.endpoints} endpoints ready, hostnames {', '.join(self.hostnames) or 'none'}"
        )


def goal_of(cluster: Cluster, gaps: Gaps, name: ClusterName) -> Goal:
    """Look NAME up in the API. Services are listed in its own namespace and in the application namespaces."""
    namespaces = gaps.of(cluster.namespaces, None)
    known = None if namespaces is None else {each.name for each in namespaces}
    there = None if known is None or not name.namespace else name.namespace in known
    if not name.service or not name.namespace or name.form is Form.OTHER:
        alike = _meant_with_svc(cluster, gaps, name) if there else ()
        return Goal(name=name, namespace_exists=there, alike=alike)
    services = _services(cluster, gaps, name.namespace) if there is not False else ()
    found = next((s for s in services or () if s.name == name.service), None)
    missing = None if services is None else found is not None
    alike = _alike(cluster, gaps, name, services or ()) if missing is False else ()
    if found is None:
        return Goal(name=name, namespace_exists=there, exists=missing, alike=alike)
    return _with_endpoints(cluster, gaps, name, found)


def _meant_with_svc(cluster: Cluster, gaps: Gaps, name: ClusterName) -> tuple[str, ...]:
    """The Service that a name without its `svc` means."""
    listed = _services(cluster, gaps, name.namespace) if name.form is Form.OTHER and name.namespace else None
    return tuple(f"{one.name}.{one.namespace}" for one in listed or () if one.name == name.service)


def _services(cluster: Cluster, gaps: Gaps, namespace: str) -> tuple[Service, ...] | None:
    """The Services of a namespace; of kube-system only kube-dns may be read."""
    if namespace == SYSTEM:
        one = gaps.of(lambda: cluster.service(SYSTEM, "kube-dns"), None)
        return (one,) if one is not None else None
    return gaps.of(lambda: cluster.services(namespace), None)


def _alike(cluster: Cluster, gaps: Gaps, name: ClusterName, here: tuple[Service, ...]) -> tuple[str, ...]:
    others = [ns for ns in cluster.app_namespaces if ns != name.namespace]
    listed = [*here, *(s for ns in others for s in gaps.of(lambda n=ns: cluster.services(n), ()))]  # type: ignore[misc]
    known = [f"{s.name}.{s.namespace}" for s in listed]
    same = [each for each in known if each.partition(".")[0] == name.service]
    return tuple(dict.fromkeys((*same, *nearest(name.short, known))))[:3]


def _with_endpoints(cluster: Cluster, gaps: Gaps, name: ClusterName, found: Service) -> Goal:
    slices = gaps.of(lambda: cluster.slices(found.namespace, found.name), ()) if found.headless else ()
    endpoints = [e for each in slices for e in each.endpoints]
    published = [e for e in endpoints if e.ready or found.spec.publish_not_ready_addresses]
    hostnames = tuple(dict.fromkeys(e.hostname for e in published if e.hostname))
    missing = name.form is Form.ENDPOINT and name.hostname not in hostnames
    leads = found.spec.external_name if found.spec.type == "ExternalName" else ""
    owner = _why_no_hostname(cluster, gaps, name, slices) if missing else ""
    return Goal(
        name=name, namespace_exists=True, exists=True, headless=found.headless, external_name=leads,
        publishes_unready=found.spec.publish_not_ready_addresses, ready=sum(e.ready for e in endpoints),
        endpoints=len(endpoints), hostnames=hostnames[:HOSTNAMES],
        addresses=found.addresses if found.spec.type != "ExternalName" else (), version=found.metadata.resource_version,
        owner=_leads_nowhere(cluster, gaps, leads) if leads else owner,
    )  # fmt: skip


def _why_no_hostname(cluster: Cluster, gaps: Gaps, name: ClusterName, slices: tuple[EndpointSlice, ...]) -> str:
    """Why a headless Service has no name for a pod, in words; "" where it is not known."""
    waiting = [e for each in slices for e in each.endpoints if e.hostname == name.hostname and not e.ready]
    if waiting:
        return f"pod {name.hostname} is not ready"
    if name.namespace not in cluster.app_namespaces:
        return ""
    pod = gaps.of(lambda: cluster.pod(name.namespace, name.hostname), None)
    if pod is None:
        return f"there is no pod {name.hostname}"
    if pod.spec.subdomain != name.service:
        given = pod.spec.subdomain or "none"
        return f"the pod's subdomain is {given}, not {name.service} (serviceName of its StatefulSet)"
    return "" if pod.spec.hostname == name.hostname else f"the pod's hostname is {pod.spec.hostname or 'not set'}"


def _leads_nowhere(cluster: Cluster, gaps: Gaps, target: str) -> str:
    """That what an ExternalName leads to does not exist, in words; "" where it does, or where that is not known.

    CoreDNS answers for the Service in the same way where it could not find out, so it is asked for the target itself. A
    target that it answers by a plugin of its own is another matter.
    """
    corefile = gaps.of(cluster.corefile, Assembled()).parsed
    if not corefile.blocks or overridden(corefile, target) or not askable(target):
        return ""
    said = [said for one in said_of(cluster, gaps, [target]) for said in one.said]
    if not said or not all(one.effect in (Effect.NXDOMAIN, Effect.NODATA) for one in said):
        return ""
    word = "has no address" if any(one.effect is Effect.NODATA for one in said) else "does not exist"
    return f"that {word} ({said[0].line})"
