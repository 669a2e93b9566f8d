"""Where EKS owns CoreDNS, the add-on must be healthy, and changes must go through it.

EKS writes the add-on's objects again at its next update: a Corefile corrected by hand disappears, or the update fails because
both sides hold the same field.

Read are the add-on's status and health issues, and who last wrote the Corefile by the ConfigMap's managed fields. A conflict
or a failed update is a risk for what comes next, not the cause of what fails now, and so is anything else that keeps EKS
from looking after the add-on. Too few replicas alone are the workload's matter and only noted here, and so is a Corefile
written by hand while the add-on has no quarrel with it. A CoreDNS that no add-on owns belongs to its users: nothing to find.

https://docs.aws.amazon.com/eks/latest/userguide/coredns-add-on-update.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contract.model import Excluded, Finding, Observation, Severity
from workers.checks import Check, Stage
from workers.cluster import Cluster, DoesNotApply, Gap, Gaps, ages
from workers.cluster.addons import Owner, owner
from workers.cluster.objects import ConfigMap

CODE = "addon-owner-conflict"
SUBJECT = "EKS add-on coredns"
SYMPTOMS = ("InsufficientNumberOfReplicas",)
"""Issues that tell how CoreDNS fares, not how EKS fares with it."""
QUARRELS = ("ConfigurationConflict", "UnsupportedAddonModification", "K8sResourceNotFound")
"""Issues that tell of somebody else's hand on what EKS owns."""
FAILED = ("CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED")
OWNERS = ("eks", "before-first-apply")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The add-on as EKS tells it; manager, written_age: who last wrote the Corefile, and how long ago."""

    managed: bool
    version: str = ""
    status: str = ""
    issues: tuple[tuple[str, str], ...] = ()
    sets_corefile: bool = False
    manager: str = ""
    written_age: float | None = None
    config_version: str = ""
    owner: Owner
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Ask EKS about the add-on, and the ConfigMap who wrote it."""
    gaps, now = Gaps(), ages.clock()
    addon = cluster.aws.addon("coredns")
    if addon is None:
        raise DoesNotApply("CoreDNS is no EKS add-on here: its users own it")
    config = gaps.of(lambda: cluster.config_map("kube-system", "coredns"), None)
    manager, time = last_writer(config)
    return Facts(
        managed=True,
        version=addon.version,
        status=addon.status,
        issues=addon.issues,
        sets_corefile="corefile" in addon.configuration,
        manager=manager,
        written_age=ages.age(time, now),
        config_version=config.metadata.resource_version if config else "",
        owner=owner(cluster, "coredns"),
        gaps=gaps.seen(),
    )


def last_writer(config: ConfigMap | None) -> tuple[str, str]:
    """Who last wrote the key Corefile, and when, by the managed fields; empty where they do not say."""
    found = [
        (field.time, field.manager)
        for field in (config.metadata.managed_fields if config else ())
        if "f:Corefile" in (data if isinstance(data := field.fields_v1.get("f:data"), dict) else {})
    ]
    time, manager = max(found, default=("", ""))
    return manager, time


def diagnose(facts: Facts) -> Iterator[Observation]:
    """Conflicts and failures, notes on the rest, or all is well."""
    serious = [i for i in facts.issues if i[0] not in SYMPTOMS]
    others = [i for i in facts.issues if i[0] in SYMPTOMS]
    by_hand = bool(facts.manager) and facts.manager not in OWNERS
    # An update that fails for want of replicas is the workload's trouble, which another step tells.
    if serious or (facts.status in FAILED and not others):
        yield _trouble(facts, serious, by_hand=by_hand)
    elif by_hand:
        yield Finding(
            code=CODE,
            severity=Severity.INFO,
            summary=f"The Corefile was last written by {facts.manager} {ages.words(facts.written_age)} ago, while EKS owns "
            "the add-on: an update may replace it.",
            subject="ConfigMap kube-system/coredns",
            evidence=(_written(facts),),
            fix="Set the Corefile through the add-on's configuration, so that updates keep it.",
            commands=(facts.owner.describe(),),
        )
    elif facts.status not in FAILED:
        yield Excluded(code=CODE, because=f"the add-on {facts.version} is {facts.status} and has no conflict")
    for code, message in others:
        yield Finding(
            code=CODE,
            severity=Severity.INFO,
            summary=f"EKS says of the add-on coredns: {code}.",
            subject=SUBJECT,
            evidence=(f"{code}: {message}"[:400],),
        )


def _trouble(facts: Facts, issues: list[tuple[str, str]], *, by_hand: bool) -> Finding:
    codes = dict.fromkeys(code for code, _ in issues)
    what = ", ".join(codes) or facts.status
    hand = f"; {facts.manager} wrote the Corefile last" if by_hand else ""
    quarrel = not codes or any(code in QUARRELS for code in codes)
    fix = (
        "Decide who owns the settings: put yours into the add-on's configuration values, then update it."
        if quarrel
        else "See what EKS says of the add-on, remove what is in its way, then let it update the add-on again."
    )
    return Finding(
        code=CODE,
        severity=Severity.WARNING,
        summary=f"EKS cannot keep its add-on coredns up to date ({what}){hand}: the next update fails or undoes changes."
        if quarrel
        else f"EKS cannot look after its add-on coredns ({facts.status}: {what}): updates and repairs do not reach CoreDNS.",
        subject=SUBJECT,
        evidence=(
            f"add-on coredns {facts.version}: status {facts.status}",
            *(f"{code}: {' '.join(message.split())}"[:400] for code, message in issues[:6]),
            *((_written(facts),) if by_hand else ()),
        ),
        fix=fix,
        commands=(
            facts.owner.describe(),
            *(("kubectl -n kube-system get configmap coredns -o yaml --show-managed-fields",) if quarrel else ()),
            facts.owner.update(version=facts.version),
        ),
    )


def _written(facts: Facts) -> str:
    return (
        f"ConfigMap kube-system/coredns, resourceVersion {facts.config_version}: data.Corefile last written by "
        f"{facts.manager}, {ages.words(facts.written_age)} ago; the add-on's configuration "
        f"{'sets' if facts.sets_corefile else 'does not set'} a Corefile"
    )


def describe(facts: Facts) -> str:
    """Version, status, issues, and who wrote the Corefile."""
    writer = f"; Corefile last written by {facts.manager}" if facts.manager else ""
    return f"add-on {facts.version} {facts.status}, {len(facts.issues)} issues{writer}"


CHECK = Check(
    name="coredns-addon",
    title="EKS has no quarrel with the CoreDNS that it owns",
    stage=Stage.CONFIGURATION,
    steps=("S20",),
    source="https://docs.aws.amazon.com/eks/latest/userguide/coredns-add-on-update.html",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
