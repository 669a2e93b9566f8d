"""CoreDNS must be allowed to list and watch what it answers from: EndpointSlices, Services and namespaces.

Without that a CoreDNS pod that starts never learns the cluster's names and answers them with SERVFAIL, and one that runs does
so after its next restart. An old ClusterRole without EndpointSlices is the usual cause, after an update of CoreDNS.

The API server itself is asked, by access reviews for the service account of the Deployment, so the answer does not hang on
what CoreDNS logs (newer builds log only that a watch failed). The rules of the ClusterRole and the subjects of its binding
are read where something is missing: they say which of the two is to be mended. Pods are needed with `pods verified`,
EndpointSlices not with `noendpoints`; with its own kubeconfig CoreDNS is somebody else.

https://docs.aws.amazon.com/eks/latest/userguide/managing-coredns.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from contract.model import Excluded, Finding, NameKind, Observation, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import CannotRead, Cluster, DoesNotApply, Gap, Gaps, rights
from workers.cluster.objects import ClusterRole, ClusterRoleBinding, PolicyRule, Subject

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

    grants: whether these rules allow all that was denied. subjects: whom the binding names; bound: whether there is one.
    elsewhere: whether the Corefile makes CoreDNS sign in as somebody else.
    """

    user: str
    reviews: tuple[Review, ...]
    rules: tuple[str, ...] | None = None
    bound: bool | None = None
    grants: bool | None = None
    subjects: tuple[str, ...] = ()
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
    denied = [r for r in reviews if not r.allowed]
    found = gaps.of(lambda: _read(cluster), None) if denied else None
    role, binding = found or (None, None)
    return Facts(
        user=user,
        reviews=tuple(reviews),
        rules=tuple(_words(rule) for rule in role.rules) if role else None,
        bound=binding is not None if found else None,
        grants=all(_grants(role, r) for r in denied) if role else None,
        subjects=tuple(_named(s) for s in binding.subjects) if binding else (),
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


def _read(cluster: Cluster) -> tuple[ClusterRole | None, ClusterRoleBinding | None]:
    return cluster.cluster_role("system:coredns"), cluster.cluster_role_binding("system:coredns")


def _words(rule: PolicyRule) -> str:
    groups = ", ".join(group or "core" for group in rule.api_groups)
    return f"{', '.join(rule.verbs)} on {', '.join(rule.resources)} of {groups}"


def _grants(role: ClusterRole, review: Review) -> bool:
    """Whether a rule of the role allows what was asked about."""
    asked = ((review.verb, "verbs"), (review.resource, "resources"), (review.group, "api_groups"))
    rules = [rule for rule in role.rules if not rule.resource_names]  # such a rule lets nobody list
    return any(all({word, "*"}.intersection(getattr(rule, field)) for word, field in asked) for rule in rules)


def _named(subject: Subject) -> str:
    """A subject as the API server names users: a service account by its namespace."""
    return rights.user(subject.namespace, subject.name) if subject.kind == "ServiceAccount" else subject.name


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
    bound = ["ClusterRoleBinding system:coredns: missing"] if facts.bound is False else []
    bound += (
        [f"ClusterRoleBinding system:coredns: binds {', '.join(facts.subjects) or 'nobody'}"]
        if facts.bound and facts.grants is not None
        else []
    )
    later = f" (the {facts.ready} ready pods go on until they restart)" if facts.ready else ""
    yield Finding(
        code=CODE,
        severity=Severity.INFO if facts.elsewhere else Severity.CRITICAL,
        summary=f"CoreDNS may not list or watch {missing}, so it cannot learn the cluster's names{later}.",
        subject="ClusterRoleBinding system:coredns" if _misbound(facts) else "ClusterRole system:coredns",
        evidence=(*reviews, *role[:8], *bound),
        fix=f"Let the ClusterRoleBinding system:coredns bind its ClusterRole to {_account(facts)}, which CoreDNS runs as: the "
        "role has the rights already."
        if _misbound(facts)
        else "Give the ClusterRole system:coredns list and watch of what is missing, and see that it is bound to CoreDNS.",
        commands=_commands(facts, denied),
        scope=Scope(kinds=(NameKind.INTERNAL,)) if facts.ready else Scope(),
    )


def _resources(reviews: tuple[Review, ...] | list[Review]) -> list[str]:
    return list(dict.fromkeys(r.resource for r in reviews))


def _misbound(facts: Facts) -> bool:
    """Whether the role has the rights, so that it can only be bound to somebody else."""
    return bool(facts.bound and facts.grants)


def _account(facts: Facts) -> str:
    """NAMESPACE:ACCOUNT of CoreDNS."""
    return facts.user.removeprefix("system:serviceaccount:")


def _commands(facts: Facts, denied: list[Review]) -> tuple[str, ...]:
    bind = "kubectl create clusterrolebinding system:coredns --clusterrole=system:coredns"
    if facts.bound is False:
        return (f"{bind} --serviceaccount={_account(facts)}",)
    if _misbound(facts) and facts.user in facts.subjects:  # it names CoreDNS, but leads to another role, which stays so
        return ("kubectl delete clusterrolebinding system:coredns", f"{bind} --serviceaccount={_account(facts)}")
    unnamed = facts.grants is not None and not {facts.user, *rights.groups("kube-system")}.intersection(facts.subjects)
    name = f"kubectl set subject clusterrolebinding system:coredns --serviceaccount={_account(facts)}"
    if _misbound(facts):
        return (name,)
    rules = [
        {"op": "add", "path": "/rules/-", "value": {"apiGroups": [g], "resources": [r], "verbs": ["list", "watch"]}}
        for g, r in dict.fromkeys((d.group, d.resource) for d in denied)
    ]
    patch = f"kubectl patch clusterrole system:coredns --type=json -p '{json.dumps(rules)}'"
    return (patch, name) if unnamed else (patch,)


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
