"""CoreDNS must be allowed to list and watch what it answers from: EndpointSlices, Services and namespaces.

Without that a CoreDNS pod that starts never learns the cluster's names and answers them with SERVFAIL, and one that runs does
so after its next restart. An old ClusterRole without EndpointSlices is the usual cause, after an update of CoreDNS.

The API server itself is asked, by access reviews for the service account of the Deployment, so the answer does not hang on
what CoreDNS logs (newer builds log only that a watch failed). The rules of the ClusterRole are read as evidence. Pods are
needed with `pods verified`, EndpointSlices not with `noendpoints`; with its own kubeconfig CoreDNS is somebody else.

https://docs.aws.amazon.com/eks/latest/userguide/managing-coredns.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from contract.model import Excluded, Finding, NameKind, Observation, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import CannotRead, Cluster, DoesNotApply, Gap, Gaps, rights

CODE = "coredns-rbac-endpointslices"
SLICES = ("discovery.k8s.io", "endpointslices")
ALWAYS = (("", "services"), ("", "namespaces"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """The API server's word on one right."""

    verb: str
    group: str
    resource: str
    allowed: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What CoreDNS may. rules: of the ClusterRole system:coredns, a line each; None where it does not exist.

    elsewhere: whether the Corefile makes CoreDNS sign in as somebody else.
    """

    user: str
    reviews: tuple[Review, ...]
    rules: tuple[str, ...] | None = None
    bound: bool | None = None
    elsewhere: bool = False
    ready: int = 0
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Ask about each right that this Corefile needs."""
    gaps = Gaps()
    deployment = cluster.deployment("kube-system", "coredns")
    pods = gaps.of(cluster.coredns_pods, ())
    if deployment is None and not pods:
        raise DoesNotApply("no CoreDNS pods run here, so none needs rights")
    spec = deployment.spec.template.spec if deployment else pods[0].spec
    user, groups = rights.user("kube-system", spec.service_account_name or "default"), rights.groups("kube-system")
    wanted, elsewhere = _wanted(cluster)
    if not wanted:
        raise DoesNotApply("the Corefile has no plugin kubernetes, so CoreDNS asks the API server nothing")
    reviews = []
    for group, resource in wanted:
        for verb in ("list", "watch"):
            told = cluster.may(user, groups, verb, group, resource)
            reviews.append(Review(verb=verb, group=group, resource=resource, allowed=told.allowed, reason=told.reason))
    rules, bound = (
        gaps.of(lambda: _role(cluster), (None, None)) if not all(r.allowed for r in reviews) else (None, None)
    )
    return Facts(
        user=user,
        reviews=tuple(reviews),
        rules=rules,
        bound=bound,
        elsewhere=elsewhere,
        ready=sum(pod.ready for pod in pods),
        gaps=gaps.seen(),
    )


def _wanted(cluster: Cluster) -> tuple[list[tuple[str, str]], bool]:
    """What the Corefile's kubernetes plugins list, and whether they sign in as somebody else; the usual where unknown."""
    try:
        found = cluster.corefile()
    except CannotRead:
        return [SLICES, *ALWAYS], False
    blocks = found.parsed.blocks
    plugins = [directive for block in blocks for directive in block.all("kubernetes")]
    if blocks and not plugins and found.whole:
        return [], False
    wanted = [] if plugins and all(p.option("noendpoints") is not None for p in plugins) else [SLICES]
    wanted += ALWAYS
    wanted += [("", "pods")] if any(p.option("pods") == ("verified",) for p in plugins) else []
    return wanted, any(p.option(name) is not None for p in plugins for name in ("kubeconfig", "endpoint"))


def _role(cluster: Cluster) -> tuple[tuple[str, ...] | None, bool | None]:
    role, binding = cluster.cluster_role("system:coredns"), cluster.cluster_role_binding("system:coredns")
    rules = tuple(
        f"{', '.join(r.verbs)} on {', '.join(r.resources)} of {', '.join(g or 'core' for g in r.api_groups)}"
        for r in (role.rules if role else ())
    )
    return rules if role else None, binding is not None


def diagnose(facts: Facts) -> Iterator[Observation]:
    """Rights that are missing, or none."""
    denied = [r for r in facts.reviews if not r.allowed]
    if not denied:
        because = f"the API server lets {facts.user} list and watch {', '.join(_resources(facts.reviews))}"
        yield Excluded(code=CODE, because=because)
        return
    missing = ", ".join(_resources(denied))
    reviews = [f"SubjectAccessReview {facts.user} {r.verb} {r.resource}: denied {r.reason}".rstrip() for r in denied]
    role = [f"ClusterRole system:coredns: {rule}" for rule in facts.rules or ()] or [
        "ClusterRole system:coredns: no rules seen"
    ]
    bound = [] if facts.bound is not False else ["ClusterRoleBinding system:coredns: missing"]
    later = f" (the {facts.ready} ready pods go on until they restart)" if facts.ready else ""
    yield Finding(
        code=CODE,
        severity=Severity.INFO if facts.elsewhere else Severity.CRITICAL,
        summary=f"CoreDNS may not list or watch {missing}, so it cannot learn the cluster's names{later}.",
        subject="ClusterRole system:coredns",
        evidence=(*reviews, *role[:8], *bound),
        fix="Give the ClusterRole system:coredns list and watch of what is missing, and see that it is bound to CoreDNS.",
        commands=_commands(facts, denied),
        scope=Scope(kinds=(NameKind.INTERNAL,)) if facts.ready else Scope(),
    )


def _resources(reviews: tuple[Review, ...] | list[Review]) -> list[str]:
    return list(dict.fromkeys(r.resource for r in reviews))


def _commands(facts: Facts, denied: list[Review]) -> tuple[str, ...]:
    if facts.bound is False:
        account = facts.user.removeprefix("system:serviceaccount:")
        return (
            f"kubectl create clusterrolebinding system:coredns --clusterrole=system:coredns --serviceaccount={account}",
        )
    rules = [
        {"op": "add", "path": "/rules/-", "value": {"apiGroups": [g], "resources": [r], "verbs": ["list", "watch"]}}
        for g, r in dict.fromkeys((d.group, d.resource) for d in denied)
    ]
    return (f"kubectl patch clusterrole system:coredns --type=json -p '{json.dumps(rules)}'",)


def describe(facts: Facts) -> str:
    """How many rights were asked about, and how many are missing."""
    denied = sum(not r.allowed for r in facts.reviews)
    return f"{len(facts.reviews) - denied} of {len(facts.reviews)} rights granted to {facts.user}"


CHECK = Check(
    name="coredns-access",
    title="CoreDNS may read what it answers from",
    stage=Stage.COREDNS,
    steps=(),
    source="https://docs.aws.amazon.com/eks/latest/userguide/managing-coredns.html",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
