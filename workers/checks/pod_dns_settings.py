"""Application pods have DNS settings with which they find both cluster names and others.

A pod's `dnsPolicy`, `dnsConfig` and `hostNetwork` decide which resolv.conf the kubelet writes for it. `Default` hands it the
node's name servers, which know no Service; so does a hostNetwork pod with the usual `ClusterFirst`. `None` hands it only
what dnsConfig says. More than three name servers, or a search list that is too long, are cut without a word to the pod.

A pod asks the first of its name servers, and the next only where that stays silent: one that says "no such name" ends the
lookup.

Read: pods of the application namespaces and the pod asked about, the Service kube-dns, events `DNSConfigForming`; where pods
name other servers, the Services and the survey tell whether these lead to CoreDNS or know the cluster's names, and what
nobody can tell is not blamed. Pods count that run, or that are in an init container. An agent of the node (a DaemonSet) may
well need no cluster name: it is a hint unless somebody asked about it. A pod that is a name server itself, CoreDNS among
them, must not ask the cluster's. What it cannot tell: whether an application ever asks for a cluster name; a kubelet that
hands out a wrong address (there every pod of the node is wrong, whatever its settings).
https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-dns-policy
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from contract.model import Confidence, Excluded, Finding, Observation, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import Cluster, DoesNotApply, Gap, Gaps, ages
from workers.cluster.clients import CLUSTER_FIRST, Client, client_pods, clients
from workers.cluster.name_servers import beside_kube_dns, serving
from workers.cluster.names import domain_of, plain
from workers.cluster.objects import Event, Pod
from workers.cluster.resolv_conf import CHARACTERS, DOMAINS, NAMESERVERS, OLD_CHARACTERS, OLD_DOMAINS
from workers.cluster.survey import NODE_LOCAL

SYSTEM = "kube-system"
LIVE = 3600.0
"""The kubelet repeats its warning as long as the pod lives: an older one is history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """A `DNSConfigForming` event of a pod. age: seconds since it was last seen."""

    pod: str
    message: str
    age: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Workloads with their settings. servers: addresses that a pod may ask, kube-dns first; empty where unknown."""

    clients: tuple[Client, ...]
    servers: tuple[str, ...]
    domain: str
    warned: tuple[Warned, ...] = ()
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Read pods, the Service and the kubelets' warnings. Raises DoesNotApply where there is no application to look at."""
    if not cluster.app_namespaces and not cluster.question.pod:
        raise DoesNotApply("the clusters file names no app_namespaces, and nobody asked about a pod")
    gaps = Gaps()
    pods = client_pods(cluster, gaps)
    found = _without_name_servers(cluster, pods, clients(cluster, gaps))
    service = gaps.of(lambda: cluster.service(SYSTEM, "kube-dns"), None)
    local = gaps.of(lambda: cluster.daemon_set(SYSTEM, "node-local-dns"), None)
    usual = (*(service.addresses if service else ()), *((NODE_LOCAL,) if local else ()))
    named = {server for one in found if one.policy == "None" for server in one.nameservers}
    return Facts(
        clients=found,
        servers=(*usual, *beside_kube_dns(cluster, named.difference(usual))),
        domain=domain_of(cluster.entry.names_internal),
        warned=_warned(cluster, gaps, {pod: pods[pod] for one in found for pod in one.pods if pod in pods}),
        gaps=gaps.seen(),
    )


def _without_name_servers(cluster: Cluster, pods: Mapping[str, Pod], found: tuple[Client, ...]) -> tuple[Client, ...]:
    """Without workloads that answer DNS themselves and do not ask the cluster's: they must ask others than themselves."""
    apart = [one for one in found if not one.coredns and (one.policy == "None" or one.from_node)]
    own = {pod: pods[pod] for one in apart for pod in one.pods if pod in pods}
    answer = serving(cluster, own) if own else frozenset()
    return tuple(one for one in found if one not in apart or not answer & set(one.pods))


def _warned(cluster: Cluster, gaps: Gaps, pods: Mapping[str, Pod]) -> tuple[Warned, ...]:
    namespaces = sorted({pod.namespace for pod in pods.values()})
    events = [e for ns in namespaces for e in gaps.of(lambda n=ns: cluster.events(n), ())]  # type: ignore[misc]
    return tuple(told(events, pods, ages.clock()))


def told(events: Iterable[Event], pods: Mapping[str, Pod], now: float) -> Iterator[Warned]:
    """The kubelets' warnings about these very pods: one of a StatefulSet has the name of the pod that was there before."""
    for one in events:
        pod = pods.get(f"{one.involved_object.namespace}/{one.involved_object.name}")
        if one.reason == "DNSConfigForming" and pod is not None and _about(one, pod):
            yield Warned(pod=pod.key, message=one.message[:300], age=ages.age(one.last_seen, now))


def _about(event: Event, pod: Pod) -> bool:
    if event.involved_object.uid and pod.metadata.uid:
        return event.involved_object.uid == pod.metadata.uid
    made, seen = ages.seconds(pod.metadata.creation_timestamp), ages.seconds(event.last_seen)
    return made is None or seen is None or made <= seen


def diagnose(facts: Facts) -> Iterator[Observation]:
    """Each workload by its settings; what no workload has is ruled out."""
    seen = [finding for one in facts.clients if not one.coredns for finding in _of(facts, one)]
    yield from seen
    if facts.gaps or not facts.clients:
        return
    found = {one.code for one in seen}
    because = f"{len(facts.clients)} workloads with {sum(c.count for c in facts.clients)} pods: none has such settings"
    for code in ("pod-dnspolicy-default", "hostnetwork-needs-clusterfirstwithhostnet", "dnsconfig-none-wrong",
                 "search-or-nameserver-overflow"):  # fmt: skip
        if code not in found:
            yield Excluded(code=code, because=because)


def _of(facts: Facts, one: Client) -> Iterator[Finding]:
    if one.policy == "Default":
        yield _default(one)
    elif one.from_node:
        yield _host_network(one)
    elif one.policy == "None":
        yield from _none(facts, one)
    yield from _overflow(facts, one)


def _weight(one: Client) -> tuple[Severity, Confidence]:
    """An application that was not asked about may do well without cluster names; an agent often does."""
    if one.namespace == SYSTEM or (one.agent and not one.asked):
        return Severity.INFO, Confidence.LOW
    return Severity.WARNING, Confidence.HIGH if one.asked else Confidence.MEDIUM


def _default(one: Client) -> Finding:
    severity, confidence = _weight(one)
    return Finding(
        code="pod-dnspolicy-default", severity=severity, confidence=confidence, subject=one.subject,
        summary=f"{_pods(one, 'use')} dnsPolicy Default: they ask the node's name server, which knows no "
        "name inside the cluster.",
        evidence=(one.line,),
        fix="Set dnsPolicy to ClusterFirst, so that the pods ask the cluster's DNS (it knows outside names too)."
        if not one.host_network
        else "Set dnsPolicy to ClusterFirstWithHostNet, so that these hostNetwork pods ask the cluster's DNS.",
        commands=one.patch({"dnsPolicy": "ClusterFirstWithHostNet" if one.host_network else "ClusterFirst"}),
        scope=Scope(pods=one.pods),
    )  # fmt: skip


def _host_network(one: Client) -> Finding:
    severity, confidence = _weight(one)
    return Finding(
        code="hostnetwork-needs-clusterfirstwithhostnet", severity=severity, confidence=confidence, subject=one.subject,
        summary=f"{_pods(one, 'run')} in the node's network with dnsPolicy ClusterFirst: there it means the "
        "node's name server, which knows no name inside the cluster.",
        evidence=(one.line,),
        fix="Set dnsPolicy to ClusterFirstWithHostNet if the pods need names inside the cluster.",
        commands=one.patch({"dnsPolicy": "ClusterFirstWithHostNet"}),
        scope=Scope(pods=one.pods),
    )  # fmt: skip


def _none(facts: Facts, one: Client) -> Iterator[Finding]:
    server = _wrong_server(facts, one)
    wanted = f"{one.namespace}.svc.{facts.domain}"
    short = [f"a search list without {wanted}"] if wanted not in {plain(domain) for domain in one.searches} else []
    wrong = [*server, *short]
    if not wrong:
        return
    # With the right name server only short names fail, and an application may well use full ones.
    only_short = not server and bool(facts.servers)
    severity, confidence = _weight(one)
    instead: dict[str, object] = {"dnsPolicy": "ClusterFirst", "dnsConfig": {"nameservers": None, "searches": None}}
    if one.host_network:
        instead["dnsPolicy"] = "ClusterFirstWithHostNet"
    yield Finding(
        code="dnsconfig-none-wrong", severity=Severity.INFO if only_short and not one.asked else severity,
        confidence=confidence, subject=one.subject,
        summary=f"{_pods(one, 'bring')} their own DNS settings (dnsPolicy None) with {' and '.join(wrong)}.",
        evidence=(one.line, f"kube-dns (and what may lead to it): {', '.join(facts.servers) or 'not known'}"),
        fix="Use dnsPolicy ClusterFirst with dnsConfig for the options alone.",
        commands=one.patch(instead),
        scope=Scope(pods=one.pods),
    )  # fmt: skip


def _wrong_server(facts: Facts, one: Client) -> list[str]:
    """What is wrong with the first name server: a C library asks the next one only where that stays silent, not after a no."""
    first = one.nameservers[0] if one.nameservers else ""
    if not facts.servers or first in facts.servers:
        return []
    behind = [server for server in one.nameservers if server in facts.servers]
    if behind:
        return [f"name server {first} before the cluster's {behind[0]}"]
    given = ", ".join(one.nameservers) or "none"
    return [f"name server {given} instead of the cluster's {' or '.join(facts.servers)}"]


def _overflow(facts: Facts, one: Client) -> Iterator[Finding]:
    own = () if one.policy == "None" else facts.servers[:1] if not one.from_node else ("the node's",)
    servers = tuple(dict.fromkeys((*own, *one.nameservers)))
    given = _search(facts, one)
    live = [w for w in facts.warned if w.pod in one.pods and (w.age is None or w.age < LIVE)]
    wrong = []
    if len(servers) > NAMESERVERS:
        wrong.append(f"{len(servers)} name servers, of which {', '.join(servers[NAMESERVERS:])} are never asked")
    if len(given) > DOMAINS or len(" ".join(given)) > CHARACTERS:
        wrong.append(f"{len(given)} search domains, of which only {DOMAINS} ({CHARACTERS} characters) are handed out")
    if live and not wrong:
        wrong.append("more than the kubelet hands out")
    old = len(given) > OLD_DOMAINS or len(" ".join(given)) > OLD_CHARACTERS
    if not wrong and old:
        wrong.append(f"{len(given)} search domains, of which an old C library keeps {OLD_DOMAINS}")
    if not wrong:
        return
    serious = not old or bool(live) or len(servers) > NAMESERVERS or len(given) > DOMAINS
    yield Finding(
        code="search-or-nameserver-overflow", severity=Severity.WARNING if serious else Severity.INFO, subject=one.subject,
        summary=f"{_pods(one, 'ask')} for {' and '.join(wrong)}.",
        evidence=(one.line, *(f"event DNSConfigForming of {w.pod}, {ages.words(w.age)} ago: {w.message}" for w in live[:3])),
        fix="Shorten dnsConfig (or the node's search list, which comes from the VPC's DHCP options): the cluster's DNS "
        f"counts as one of the {NAMESERVERS} name servers, and it can forward a domain to a server of its own.",
        commands=one.patch({"dnsConfig": {"nameservers": None}}) if len(servers) > NAMESERVERS
        else (f"kubectl -n {one.namespace} get events --field-selector reason=DNSConfigForming",),
        scope=Scope(pods=one.pods),
    )  # fmt: skip


def _search(facts: Facts, one: Client) -> tuple[str, ...]:
    """What the search list holds at least: the node's own part is not in the pod's specification."""
    own: tuple[str, ...] = ()
    if one.policy in CLUSTER_FIRST and not one.from_node:
        own = (f"{one.namespace}.svc.{facts.domain}", f"svc.{facts.domain}", facts.domain)
    return tuple(dict.fromkeys((*own, *one.searches)))


def _pods(one: Client, verb: str) -> str:
    return f"1 pod of {one.subject} {verb}s" if one.count == 1 else f"{one.count} pods of {one.subject} {verb}"


def describe(facts: Facts) -> str:
    """How many workloads with which policies."""
    counts: dict[str, int] = {}
    for one in facts.clients:
        counts[one.policy] = counts.get(one.policy, 0) + 1
    shown = ", ".join(f"{count} {policy}" for policy, count in sorted(counts.items()))
    return f"{len(facts.clients)} workloads looked at: {shown or 'none runs'}"


CHECK = Check(
    name="pod-dns-settings",
    title="Application pods have DNS settings that find cluster names",
    stage=Stage.CLIENT,
    steps=("S16",),
    source="https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-dns-policy",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
