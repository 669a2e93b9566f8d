"""kube-proxy must be let in by the API server, reach it, and understand it: its log shows no error that goes on.

kube-proxy writes the rules that lead from the ClusterIP of kube-dns to the CoreDNS pods. Cut off from the API server, it
keeps the old rules: DNS works until a CoreDNS pod moves, and a new node gets no rules at all.

Read is the log of each kube-proxy pod (forty at the most, those beside CoreDNS first): every dialect of its messages. The
API server is asked by an access review whether kube-proxy may list Services and EndpointSlices, and its binding is read.

Told apart by words: refused (403), not signed in (401, or certificates that do not match), not reached (timeouts, refused
connections), a version that does not fit. Told from what is over by time: such errors come again within a minute while they
last; older ones, ones before a later success, and a blip of seconds while a control plane moves are history.

https://docs.aws.amazon.com/eks/latest/best-practices/monitoring_eks_workloads_for_network_performance_issues.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contract.figures import counted
from contract.model import Confidence, Excluded, Finding, Observation, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import CannotRead, Cluster, DoesNotApply, Gap, Gaps, ages, rights
from workers.cluster.klog import Kind, Seen
from workers.cluster.proxies import Proxy, nodes_of, proxies

FORBIDDEN, UNAUTHORIZED = "kube-proxy-forbidden-403", "kube-proxy-unauthorized-401"
TIMEOUT, SKEW = "kube-proxy-apiserver-timeout", "kube-proxy-version-skew"
CODES = {Kind.FORBIDDEN: FORBIDDEN, Kind.UNAUTHORIZED: UNAUTHORIZED, Kind.TIMEOUT: TIMEOUT, Kind.API_MISSING: SKEW}
NEEDED = (("", "services"), ("discovery.k8s.io", "endpointslices"))
MATTERS = {"services", "endpointslices", "endpoints", "nodes"}
BINDING = "eks:kube-proxy"
LATELY = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the logs say. user: whom the access review is about; denied: what it may not do (None: nobody could say).

    bound: whether the ClusterRoleBinding eks:kube-proxy exists (None: not known). endpoint: how EKS' API may be reached.
    """

    proxies: tuple[Proxy, ...]
    left_out: int = 0
    user: str = ""
    denied: tuple[str, ...] | None = None
    bound: bool | None = None
    endpoint: str = ""
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Read the logs, the binding, and what kube-proxy may."""
    gaps = Gaps()
    found, left_out = proxies(cluster, gaps)
    if not found:
        raise DoesNotApply("no kube-proxy pod runs here, so there is no log to read")
    refused = [s.user for p in found if p.log is not None and (s := p.log.of(Kind.FORBIDDEN)) is not None and s.user]
    user = refused[0] if refused else rights.user("kube-system", "kube-proxy")
    return Facts(
        proxies=found,
        left_out=left_out,
        user=user,
        denied=gaps.of(lambda: _denied(cluster, user), None),
        bound=gaps.of(lambda: cluster.cluster_role_binding(BINDING) is not None, None),
        endpoint=_endpoint(cluster) if any(p.goes_on(Kind.TIMEOUT) for p in found) else "",
        gaps=gaps.seen(),
    )


def _denied(cluster: Cluster, user: str) -> tuple[str, ...]:
    groups = rights.groups("kube-system") if user.startswith("system:serviceaccount:") else ("system:authenticated",)
    return tuple(
        f"{verb} {resource}"
        for group, resource in NEEDED
        for verb in ("list", "watch")
        if not cluster.may(user, groups, verb, group, resource).allowed
    )


def _endpoint(cluster: Cluster) -> str:
    try:
        seen = cluster.aws.cluster()
    except (CannotRead, DoesNotApply):
        return ""
    private, public = "on" if seen.private_access else "off", "on" if seen.public_access else "off"
    return f"API endpoint: private access {private}, public access {public} from {', '.join(seen.public_cidrs) or 'anywhere'}"


def diagnose(facts: Facts) -> Iterator[Observation]:
    """One finding for each kind of error that goes on, a note for what is over, and what the logs rule out."""
    for kind, code in CODES.items():
        on = [p for p in facts.proxies if p.goes_on(kind) and _matters(p, kind)]
        if kind is Kind.FORBIDDEN and facts.denied == ():
            on = []
        if on:
            yield _going_on(facts, kind, on)
            yield from _clear(facts, code)
        elif kind is Kind.FORBIDDEN and facts.denied:
            yield _denied_but_quiet(facts)
        else:
            yield from _over(facts, kind)
            yield from _clear(facts, code)


def _matters(proxy: Proxy, kind: Kind) -> bool:
    """Whether the objects that an error names are ones without which the rules cannot be kept."""
    seen = _seen(proxy, kind)
    if kind is Kind.API_MISSING:
        return "ServiceCIDR" not in seen.line
    return kind is not Kind.FORBIDDEN or not seen.resources or bool(MATTERS.intersection(seen.resources))


def _seen(proxy: Proxy, kind: Kind) -> Seen:
    found = proxy.log.of(kind) if proxy.log is not None else None
    return found or Seen(kind=kind, count=0)


def _going_on(facts: Facts, kind: Kind, on: Sequence[Proxy]) -> Finding:
    nodes = nodes_of(on)
    every = len(on) == len(facts.proxies)
    where = f"on all {len(nodes)} nodes" if every and len(nodes) > 1 else f"on {', '.join(nodes[:3])}"
    where += f" and {len(nodes) - 3} more" if not (every and len(nodes) > 1) and len(nodes) > 3 else ""
    fix, commands = _advice(facts, kind, on)
    said = [f"pod {p.pod.name} on {p.pod.node}: {_lines(_seen(p, kind))}" for p in on[:6]]
    review = f"access review of {facts.user}: denied {', '.join(facts.denied)}" if facts.denied else ""
    extra = [review if kind is Kind.FORBIDDEN else "", facts.endpoint if kind is Kind.TIMEOUT else ""]
    return Finding(
        code=CODES[kind],
        severity=Severity.WARNING if kind is Kind.API_MISSING else Severity.CRITICAL,
        summary=f"kube-proxy {WORDS[kind]} {where}, so its forwarding rules are frozen or missing.",
        subject="DaemonSet kube-system/kube-proxy",
        evidence=(*said, *(line for line in extra if line)),
        fix=fix,
        commands=commands,
        scope=Scope() if every and facts.left_out else Scope(nodes=nodes),
    )


WORDS = {
    Kind.FORBIDDEN: "is refused by the API server (403)",
    Kind.UNAUTHORIZED: "is not signed in to the API server (401, or certificates that do not match)",
    Kind.TIMEOUT: "does not reach the API server",
    Kind.API_MISSING: "asks the API server for something that its version does not have",
}


def _lines(seen: Seen) -> str:
    return f"{counted(seen.count, 'line')}, the last {ages.words(seen.last_age)} ago: {seen.line}"


def _advice(facts: Facts, kind: Kind, on: Sequence[Proxy]) -> tuple[str, tuple[str, ...]]:
    pod = on[0].pod.name
    if kind is Kind.FORBIDDEN:
        bind = f"kubectl create clusterrolebinding {BINDING} --clusterrole=system:node-proxier"
        bind += " --serviceaccount=kube-system:kube-proxy"
        look = (
            f"kubectl get clusterrolebinding {BINDING} -o yaml",
            "kubectl get clusterrole system:node-proxier -o yaml",
        )
        return "Give kube-proxy its rights back: bind its service account to system:node-proxier.", (
            (bind,) if facts.bound is False else look
        )
    restart = f"kubectl -n kube-system delete pod {' '.join(p.pod.name for p in on[:10])}"
    if kind is Kind.UNAUTHORIZED:
        fix = "See whether kube-proxy's kubeconfig names a token and a CA that are right; then restart it for a new token."
        return fix, ("kubectl -n kube-system get configmap kube-proxy -o yaml", restart)
    if kind is Kind.TIMEOUT:
        fix = "Open the way from these nodes to the API server on port 443: endpoint access, security groups, routes, NAT."
        return fix, (f"kubectl -n kube-system logs {pod} --tail=20",)
    return "Bring kube-proxy to the version of the control plane, with its EKS add-on.", (
        "kubectl -n kube-system get daemonset kube-proxy -o jsonpath='{..image}'",
    )


def _denied_but_quiet(facts: Facts) -> Finding:
    return Finding(
        code=FORBIDDEN,
        severity=Severity.WARNING,
        summary=f"kube-proxy may not {' or '.join(facts.denied or ())}: its rules freeze when its open watches end.",
        subject="DaemonSet kube-system/kube-proxy",
        evidence=(
            f"access review of {facts.user}: denied {', '.join(facts.denied or ())}",
            "no such error in its logs yet",
        ),
        fix=_advice(facts, Kind.FORBIDDEN, facts.proxies)[0],
        commands=_advice(facts, Kind.FORBIDDEN, facts.proxies)[1],
        confidence=Confidence.MEDIUM,
    )


def _over(facts: Facts, kind: Kind) -> Iterator[Finding]:
    past = [p for p in facts.proxies if _seen(p, kind).count and (_seen(p, kind).last_age or 0.0) <= LATELY]
    if past:
        seen = _seen(past[0], kind)
        yield Finding(
            code=CODES[kind],
            severity=Severity.INFO,
            summary=f"kube-proxy had trouble on {counted(len(past), 'node')}, the last time "
            f"{ages.words(seen.last_age)} ago; it is over or does not concern the rules.",
            subject=f"Pod kube-system/{past[0].pod.name}",
            evidence=tuple(f"pod {p.pod.name}: {_lines(_seen(p, kind))}" for p in past[:3]),
            scope=Scope(nodes=nodes_of(past)),
        )


def _clear(facts: Facts, code: str) -> Iterator[Excluded]:
    """Ruled out on the nodes whose kube-proxy is seen to work."""
    if code == SKEW:
        return
    sound = [p for p in facts.proxies if p.log is not None and p.log.sound]
    every = len(sound) == len(facts.proxies) and not facts.left_out
    if sound:
        because = (
            f"the logs of {len(sound)} of {len(facts.proxies) + facts.left_out} kube-proxy pods show no such error now"
        )
        yield Excluded(code=code, because=because, scope=Scope() if every else Scope(nodes=nodes_of(sound)))


def describe(facts: Facts) -> str:
    """How many logs were read, and how many are sound."""
    sound = sum(p.log is not None and p.log.sound for p in facts.proxies)
    words = f"{len(facts.proxies)} logs read, {sound} show kube-proxy at work"
    return words + (f" ({facts.left_out} pods left out)" if facts.left_out else "")


CHECK = Check(
    name="kube-proxy-log",
    title="kube-proxy is let in by the API server and hears from it",
    stage=Stage.KUBE_PROXY,
    steps=("S10", "S11"),
    source="https://docs.aws.amazon.com/eks/latest/best-practices/monitoring_eks_workloads_for_network_performance_issues.html",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
