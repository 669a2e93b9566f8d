"""Every ready endpoint of kube-dns must be a running CoreDNS pod, and every ready CoreDNS pod an endpoint.

The EndpointSlices of the Service say where the nodes send queries. An address of no pod swallows its share of all queries
of the cluster; a Service that selects no CoreDNS pod has nowhere to send them.

Read are the slices, the Service's selector, the CoreDNS pods, and each pod that an endpoint names although no CoreDNS pod
has its address. Several slices that share the work, one address in two of them, one address for UDP and for TCP, conditions
that are not set, both address families and endpoints on their way out are all normal. So is a slice that is a moment behind:
an address of a pod that is gone counts once its slice has not changed for half a minute. Slices written by hand may be meant
so (a server outside the cluster): probes ask each such address, and the verdict drops what answers.

Told apart: no CoreDNS pods at all is the workload's matter, a wrong target port of the Service that of its own step.

https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from contract.figures import counted
from contract.model import Confidence, Excluded, Finding, Observation, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import Cluster, DoesNotApply, Gap, Gaps, ages, compute, matches
from workers.cluster.endpoints import NamedPort, corefile_ports, declared, serves
from workers.cluster.objects import EndpointSlice, Pod

SELECTOR, PORTS, ORPHAN = "kube-dns-selector-mismatch", "kube-dns-ports-wrong", "endpointslice-stale-or-orphan"
CONTROLLER = "endpointslice-controller.k8s.io"
SETTLED = 30.0
"""After so many seconds without a change a slice is not just behind."""
MAX_GUESTS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A pod. coredns: whether it runs CoreDNS. selected: by the Service. quiet: how long its readiness is what it is."""

    name: str
    addresses: tuple[str, ...] = ()
    running: bool = False
    ready: bool = False
    coredns: bool = True
    selected: bool = True
    quiet: float | None = None
    ports: tuple[NamedPort, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One address of one slice. pod: the pod that the slice names."""

    slice: str
    address: str
    ready: bool = True
    terminating: bool = False
    pod: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A slice. changed: seconds since its last change."""

    name: str
    manager: str = ""
    version: str = ""
    changed: float | None = None
    ports: tuple[NamedPort, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The endpoints of kube-dns and the pods they should be. selector None: there is no Service."""

    selector: dict[str, str] | None
    slices: tuple[Slice, ...] = ()
    places: tuple[Place, ...] = ()
    pods: tuple[Target, ...] = ()
    corefile_ports: tuple[int, ...] = ()
    gaps: tuple[Gap, ...] = ()

    @property
    def ready(self) -> tuple[Place, ...]:
        """The places that get queries."""
        return tuple(p for p in self.places if p.ready and not p.terminating)

    def pod_at(self, address: str) -> Target | None:
        """The running pod of an address, CoreDNS first."""
        found = [p for p in self.pods if p.running and address in p.addresses]
        return min(found, key=lambda p: not p.coredns, default=None)

    @property
    def coredns(self) -> tuple[Target, ...]:
        """The CoreDNS pods that run."""
        return tuple(p for p in self.pods if p.coredns and p.running)


def collect(cluster: Cluster) -> Facts:
    """Read slices, Service and pods, and the pods that slices name."""
    gaps, now = Gaps(), ages.clock()
    slices = cluster.slices("kube-system", "kube-dns")
    if not slices and compute.auto_alone(cluster):
        raise DoesNotApply("EKS Auto Mode runs CoreDNS on every node itself: the Service kube-dns needs no endpoints")
    service = gaps.of(lambda: cluster.service("kube-system", "kube-dns"), None)
    selector = dict(service.spec.selector) if service else None
    pods = cluster.coredns_pods()
    places = tuple(place for one in slices for place in _places(one))
    known = {a for pod in pods for a in pod.addresses}
    named = list(dict.fromkeys(p.pod for p in places if p.address not in known and p.pod))[:MAX_GUESTS]
    guests = [p for p in (gaps.of(partial(cluster.pod, "kube-system", name), None) for name in named) if p is not None]
    own = {p.name for p in pods}
    return Facts(
        selector=selector,
        slices=tuple(_slice(one, now) for one in slices),
        places=places,
        pods=tuple(_target(p, selector, now) for p in (*pods, *(g for g in guests if g.name not in own))),
        corefile_ports=corefile_ports(gaps.of(cluster.corefile, None), pods),
        gaps=gaps.seen(),
    )


def _slice(one: EndpointSlice, now: float) -> Slice:
    times = [t for t in (ages.age(f.time, now) for f in one.metadata.managed_fields) if t is not None]
    made = ages.age(one.metadata.creation_timestamp, now)
    return Slice(
        name=one.name,
        manager=one.manager,
        version=one.metadata.resource_version,
        changed=min(times, default=made),
        ports=tuple(NamedPort(name=p.name, number=p.port, protocol=p.protocol or "TCP") for p in one.ports),
    )


def _places(one: EndpointSlice) -> Iterator[Place]:
    for endpoint in one.endpoints:
        named = endpoint.target_ref.name if endpoint.target_ref and endpoint.target_ref.kind in ("Pod", "") else ""
        for address in endpoint.addresses:
            yield Place(
                slice=one.name,
                address=address,
                ready=endpoint.ready,
                terminating=bool(endpoint.conditions.terminating),
                pod=named,
            )


def _target(pod: Pod, selector: dict[str, str] | None, now: float) -> Target:
    ready = next((c for c in pod.status.conditions if c.type == "Ready"), None)
    return Target(
        name=pod.name,
        addresses=pod.addresses,
        running=pod.status.phase == "Running",
        ready=pod.ready,
        coredns=pod.runs_coredns,
        selected=bool(selector) and matches(pod.metadata.labels, selector or {}),
        quiet=ages.age(ready.last_transition_time, now) if ready else None,
        ports=declared(pod),
    )


def diagnose(facts: Facts) -> Iterator[Observation]:
    """A selector that misses, addresses of nobody, ready pods left out, wrong ports."""
    yield from _selection(facts)
    yield from _strays(facts)
    yield from _left_out(facts)
    yield from _ports(facts)


def _selection(facts: Facts) -> Iterator[Observation]:
    if facts.selector is None or not facts.coredns:
        return
    chosen = [p for p in facts.coredns if p.selected]
    served = [p for p in facts.ready if (pod := facts.pod_at(p.address)) is not None and pod.coredns]
    if chosen:
        yield Excluded(
            code=SELECTOR, because=f"the selector matches {len(chosen)} of {len(facts.coredns)} CoreDNS pods"
        )
        return
    words = json.dumps(facts.selector) if facts.selector else "no selector"
    patch = json.dumps({"spec": {"selector": {**dict.fromkeys(facts.selector), "k8s-app": "kube-dns"}}})
    yield Finding(
        code=SELECTOR,
        severity=Severity.INFO if served else Severity.CRITICAL,
        summary=f"The Service kube-dns selects none of the {len(facts.coredns)} CoreDNS pods"
        + (f", but {len(served)} ready endpoints lead to them." if served else ", so queries have nowhere to go."),
        subject="Service kube-system/kube-dns",
        evidence=(
            f"Service kube-system/kube-dns selector: {words}",
            f"CoreDNS pods: {', '.join(p.name for p in facts.coredns)}",
            f"ready endpoints that are CoreDNS pods: {len(served)}",
        ),
        fix="Let the Service select the label k8s-app=kube-dns, which CoreDNS pods have.",
        commands=(f"kubectl -n kube-system patch service kube-dns --type=merge -p '{patch}'",),
    )


def _strays(facts: Facts) -> Iterator[Observation]:
    by_name = {s.name: s for s in facts.slices}
    strays = [p for p in facts.ready if not _led_right(facts, p)]
    hand = [p for p in strays if by_name[p.slice].manager != CONTROLLER]
    kept = [p for p in strays if p not in hand]
    # A slice that is behind names pods that are gone: one that runs and is selected is there to stay.
    settled = [p for p in kept if _selected_at(facts, p) or (by_name[p.slice].changed or 0.0) >= SETTLED]
    dead = hand + settled
    if not strays:
        if facts.ready:
            count = len({p.address for p in facts.ready})
            yield Excluded(code=ORPHAN, because=f"all {count} ready addresses belong to running CoreDNS pods")
        return
    found, doubtful = dead or kept, not dead
    addresses = tuple(dict.fromkeys(p.address for p in found))
    every = {p.address for p in facts.ready}
    slices = tuple(dict.fromkeys(p.slice for p in found))
    fix, commands = _advice(facts, found, hand=bool(hand))
    yield Finding(
        code=ORPHAN,
        severity=Severity.INFO if doubtful else Severity.CRITICAL,
        summary=f"{len(addresses)} of {len(every)} ready addresses of kube-dns ({', '.join(addresses[:4])}) "
        + ("lead to no running CoreDNS pod" + ("; the slice may be a moment behind." if doubtful else ".")),
        subject=f"EndpointSlice kube-system/{slices[0]}",
        evidence=tuple(_evidence(facts, p, by_name[p.slice]) for p in found[:10]),
        fix=fix,
        commands=commands,
        confidence=Confidence.HIGH if hand or doubtful else Confidence.MEDIUM,
        scope=Scope(servers=addresses),
    )


def _selected_at(facts: Facts, place: Place) -> str:
    """The running pod at a place that the Service selects, or ""."""
    pod = facts.pod_at(place.address)
    return pod.name if pod is not None and pod.selected else ""


def _advice(facts: Facts, found: Sequence[Place], *, hand: bool) -> tuple[str, tuple[str, ...]]:
    """Slices that lead to nobody go; a pod that is selected and is no DNS server loses the labels for it."""
    slices = dict.fromkeys(p.slice for p in found if not _selected_at(facts, p))
    delete = tuple(f"kubectl -n kube-system delete endpointslice {name}" for name in slices)
    pods = list(dict.fromkeys(name for p in found if (name := _selected_at(facts, p))))
    if not pods:
        fix = (
            "Delete the slice that nobody looks after." if hand else "Delete the slice: its controller makes it again."
        )
        return fix, delete
    labels = " ".join(f"{key}-" for key in facts.selector or ())
    fix = (
        f"Take the labels that kube-dns selects away from what is no DNS server ({', '.join(pods[:4])}), or delete it."
    )
    return fix, (*(f"kubectl -n kube-system label pod {name} {labels}" for name in pods[:6]), *delete)


def _led_right(facts: Facts, place: Place) -> bool:
    pod = facts.pod_at(place.address)
    if pod is None:
        return False
    # A DNS server of another make may be selected on purpose: it at least says that it serves the port.
    return pod.coredns or any(p.number == 53 or p.name.startswith("dns") for p in pod.ports)


def _evidence(facts: Facts, place: Place, one: Slice) -> str:
    pod = facts.pod_at(place.address)
    whose = f"pod {pod.name}, which is not CoreDNS" if pod else f"no running pod (named: {place.pod or 'none'})"
    return (
        f"EndpointSlice kube-system/{one.name}, managed by {one.manager or 'nobody'}, resourceVersion {one.version}, "
        f"unchanged for {ages.words(one.changed)}: {place.address} ready, belongs to {whose}"
    )


def _left_out(facts: Facts) -> Iterator[Observation]:
    listed = {p.address for p in facts.places}
    out = [p for p in facts.coredns if p.ready and p.selected and (p.quiet or 0.0) >= SETTLED and p.addresses]
    out = [p for p in out if not listed.intersection(p.addresses)]
    if out:
        none = not any((pod := facts.pod_at(p.address)) and pod.coredns for p in facts.ready)
        yield Finding(
            code=ORPHAN,
            severity=Severity.CRITICAL if none else Severity.WARNING,
            summary=f"{len(out)} ready CoreDNS pods that the Service selects are missing from its endpoints.",
            subject="Service kube-system/kube-dns",
            evidence=tuple(f"pod {p.name} {', '.join(p.addresses)}: ready for {ages.words(p.quiet)}" for p in out),
            fix="The control plane does not keep the endpoints up to date: look at the cluster's health in EKS.",
            scope=Scope() if none else Scope(servers=tuple(f"pod/{p.name}" for p in out)),
        )


def _ports(facts: Facts) -> Iterator[Observation]:
    wrong = {one.name: missing for one in facts.slices if (missing := _unserved(facts, one))}
    if not wrong:
        return
    transports = tuple(dict.fromkeys(t.lower() for missing in wrong.values() for t in missing))
    names = ", ".join(wrong)
    yield Finding(
        code=PORTS,
        severity=Severity.CRITICAL if "udp" in transports else Severity.WARNING,
        summary=f"Endpoints of kube-dns lead {' and '.join(t.upper() for t in transports)} queries to a port on which "
        "CoreDNS does not listen.",
        subject=f"EndpointSlice kube-system/{next(iter(wrong))}",
        evidence=tuple(
            f"EndpointSlice kube-system/{s.name}: "
            + ", ".join(f"{p.name or 'unnamed'} {p.number}/{p.protocol}" for p in s.ports)
            for s in facts.slices
            if s.name in wrong
        ),
        fix=f"Correct the target ports of the Service kube-dns, or delete the slice if it is kept by hand ({names}).",
        commands=("kubectl -n kube-system get service kube-dns -o yaml",),
        scope=Scope(transports=transports),
    )


def _unserved(facts: Facts, one: Slice) -> tuple[str, ...]:
    """The transports for which a slice leads CoreDNS pods' queries wrong, or nowhere as no other slice does it for it.

    Slices may share the work: one that has no port for a transport is fine where another one has it for the same address.
    """
    led = {p.address for p in facts.ready if p.slice == one.name and _is_coredns(facts, p)}
    if not led or not one.ports:
        return ()
    beside = [
        [s.ports for s in facts.slices if s.name in {p.slice for p in facts.ready if p.address == address} and s.ports]
        for address in led
    ]
    return tuple(
        transport
        for transport in ("UDP", "TCP")
        if not _served(facts, one.ports, transport)
        and (
            any(_for_dns(p, transport) for p in one.ports)
            or not all(any(_served(facts, ports, transport) for ports in each) for each in beside)
        )
    )


def _is_coredns(facts: Facts, place: Place) -> bool:
    pod = facts.pod_at(place.address)
    return pod is not None and pod.coredns


def _for_dns(port: NamedPort, transport: str) -> bool:
    """Whether a port of a slice is meant for plain DNS over a transport: over TCP there are others, for metrics say."""
    return port.protocol == transport and (transport == "UDP" or not port.name or port.name.startswith("dns"))


def _served(facts: Facts, ports: Sequence[NamedPort], transport: str) -> bool:
    """Whether one of these ports is one on which CoreDNS serves a transport, as far as is known."""
    declared_ports = next((p.ports for p in facts.coredns if p.ports), ())
    if not declared_ports and not facts.corefile_ports:
        return True
    return any(
        p.protocol == transport
        and (p.number is None or serves(p.number, transport, declared_ports, facts.corefile_ports))
        for p in ports
    )


def describe(facts: Facts) -> str:
    """Ready addresses, slices, pods."""
    ready = len({p.address for p in facts.ready})
    addresses = f"{ready} ready address" + ("" if ready == 1 else "es")
    return f"{addresses} in {counted(len(facts.slices), 'slice')}; {counted(len(facts.coredns), 'CoreDNS pod')} running"


CHECK = Check(
    name="kube-dns-endpoints",
    title="The endpoints of kube-dns are the running CoreDNS pods",
    stage=Stage.SERVICE,
    steps=("S06",),
    source="https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
