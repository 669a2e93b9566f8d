"""A CoreDNS pod must count as ready only once it knows the cluster's names, and its Corefile must answer the probes.

`/ready` says yes when every plugin is ready, the one with the cluster's names among them; `/health` says yes at once. With
the wrong one, each rollout brings a burst of failed lookups. An open port says little more: CoreDNS opens that of `ready`
at once, and that of DNS after five seconds without an answer of the API server, and answers SERVFAIL there. And a probe of
`/ready` never succeeds where the Corefile lacks the plugin `ready`: after an update of the add-on such pods stay unready.

Read are the Deployment's probes, the Corefile with what it imports, and the pods. A Corefile that cannot be parsed is another
step's matter. What a pod has been through is so, whatever the Corefile seems to say: a probe that a pod passed since the
Corefile was written is answered. A probe that runs a command or speaks gRPC is not judged. A lameduck of five seconds is what
EKS ships, and no finding.

https://docs.aws.amazon.com/eks/latest/userguide/coredns-add-on-update.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contract.model import Excluded, Finding, Observation, Severity
from workers.checks import Check, Stage
from workers.cluster import Cluster, DoesNotApply, Gap, Gaps, ages
from workers.cluster.addons import Owner, owner
from workers.cluster.assembled import Assembled
from workers.cluster.corefile import Corefile
from workers.cluster.objects import Container, HttpGet, Pod, Probe

CODE = "readiness-probe-on-health"
SUBJECT = "Deployment kube-system/coredns"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A probe of a container: its port as a number (0 where a name leads nowhere), and its path, "" for TCP alone."""

    path: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The probes of the Deployment and the ports where the Corefile answers them.

    other_readiness: whether a readiness probe of another sort than HTTP is set. ready_port, health_port: where /ready and
    /health are answered, by the Corefile or to a pod that passed the probe (the probe's port, where there are several); None
    where they are not. parsed: whether the whole Corefile could be read.
    """

    readiness: Asked | None = None
    other_readiness: bool = False
    liveness: Asked | None = None
    parsed: bool = False
    ready_port: int | None = None
    health_port: int | None = None
    wanted: int = 0
    ready: int = 0
    version: str = ""
    owner: Owner
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Read the Deployment, the Corefile, and the pods."""
    gaps, now = Gaps(), ages.clock()
    deployment = cluster.deployment("kube-system", "coredns")
    found = deployment.spec.template.spec.containers if deployment else ()
    container = next((c for c in found if c.name == "coredns"), found[0] if found else None)
    if deployment is None or container is None:
        raise DoesNotApply("there is no Deployment coredns, so there are no probes")
    told = gaps.of(cluster.corefile, Assembled())
    pods = gaps.of(cluster.coredns_pods, ())
    readiness, liveness = _asked(container.readiness_probe, container), _asked(container.liveness_probe, container)
    lived = _limit(container.liveness_probe)
    ready_ports, health_ports = _ports(told.parsed, "ready", 8181), _ports(told.parsed, "health", 8080)
    return Facts(
        readiness=readiness,
        other_readiness=container.readiness_probe is not None and container.readiness_probe.http_get is None,
        liveness=liveness,
        parsed=bool(told.parsed.blocks) and not told.unread and 0 not in (*ready_ports, *health_ports),
        ready_port=_answering(readiness, ready_ports, _passed(pods, told.changed, "ready")),
        health_port=_answering(liveness, health_ports, _passed(pods, told.changed, "health", now - lived)),
        wanted=1 if deployment.spec.replicas is None else deployment.spec.replicas,
        ready=sum(pod.ready for pod in pods),
        version=deployment.metadata.resource_version,
        owner=owner(cluster, "coredns"),
        gaps=gaps.seen(),
    )


def _asked(probe: Probe | None, container: Container) -> Asked | None:
    how = (probe.http_get or probe.tcp_socket) if probe else None
    if how is None:
        return None
    port = how.port
    if isinstance(port, str):
        port = int(port) if port.isdecimal() else next((p.container_port for p in container.ports if p.name == port), 0)
    return Asked(path=how.path if isinstance(how, HttpGet) else "", port=port)


def _ports(parsed: Corefile, plugin: str, usual: int) -> tuple[int, ...]:
    """The ports that a plugin opens, one for each server block that has it; 0 for one that is no number."""
    found = []
    for directive in (each for block in parsed.blocks for each in block.all(plugin)):
        port = directive.args[0].rpartition(":")[2] if directive.args else str(usual)
        found.append(int(port[:5]) if port.isascii() and port.isdecimal() else 0)
    return tuple(found)


def _answering(asked: Asked | None, ports: tuple[int, ...], passed: Sequence[Asked]) -> int | None:
    """The probe's own port where it is answered there, else the first that the Corefile opens."""
    if asked is not None and (asked.port in ports or asked in passed):
        return asked.port
    return next(iter(ports), None)


def _limit(probe: Probe | None) -> float:
    """Seconds after which a container that never passes its liveness probe is surely killed."""
    if probe is None:
        return 0.0
    return probe.initial_delay_seconds + (probe.failure_threshold + 1) * (probe.period_seconds + probe.timeout_seconds)


def _passed(pods: Sequence[Pod], changed: str, plugin: str, before: float | None = None) -> list[Asked]:
    """The probes of that plugin that pods have passed: containers that are ready and began since the Corefile was CHANGED.

    before: the latest start that counts, for what a container survives in the long run.
    """
    passed: list[Asked] = []
    for pod in pods:
        status = next((c for c in pod.status.container_statuses if c.name == "coredns"), None)
        running = status.state.running if status and status.ready else None
        if running is None or not changed or running.started_at <= changed:
            continue
        if before is not None and (ages.seconds(running.started_at) or before) >= before:
            continue
        for container in (c for c in pod.spec.containers if c.name == "coredns"):
            asked = _asked(container.readiness_probe if plugin == "ready" else container.liveness_probe, container)
            passed += [asked] if asked and asked.path.rstrip("/") == f"/{plugin}" else []
    return passed


def diagnose(facts: Facts) -> Iterator[Observation]:
    """A probe that asks the wrong thing, or one that nobody answers."""
    asked = facts.readiness
    if asked is None:
        if not facts.other_readiness:
            yield _early(facts, "has no readiness probe")
    elif not asked.path:
        yield _open_port(facts, asked.port)
    elif asked.path.rstrip("/") == "/health" or (facts.parsed and asked.port == facts.health_port != facts.ready_port):
        yield _early(facts, f"asks {asked.path} on port {asked.port} for readiness")
    unanswered = [*_unanswered(facts, "ready", facts.readiness, facts.ready_port)]
    unanswered += _unanswered(facts, "health", facts.liveness, facts.health_port)
    yield from unanswered
    if facts.parsed and asked is not None and not unanswered and asked.path.rstrip("/") == "/ready":
        yield Excluded(code=CODE, because=f"the readiness probe asks /ready on port {asked.port}, which answers")


def _early(facts: Facts, what: str) -> Finding:
    return Finding(
        code=CODE,
        severity=Severity.WARNING,
        summary=f"CoreDNS {what}, so a new pod gets queries before it knows the cluster's names.",
        subject=SUBJECT,
        evidence=(_line(facts),),
        fix="Let the readiness probe ask /ready on port 8181, and keep the plugin ready in the Corefile.",
        commands=_asking(facts, "readiness", "/ready", 8181),
    )


def _open_port(facts: Facts, port: int) -> Finding:
    """Whatever port it is: CoreDNS opens each of them without the API server's answer, if that takes long."""
    return Finding(
        code=CODE,
        severity=Severity.WARNING,
        summary=f"CoreDNS counts as ready as soon as its port {port} is open. It opens its ports within seconds, also where "
        "the API server does not answer: then a new pod gets queries before it knows the cluster's names.",
        subject=SUBJECT,
        evidence=(_line(facts),),
        fix="Let the readiness probe ask /ready on port 8181 over HTTP, and keep the plugin ready in the Corefile.",
        commands=_asking(facts, "readiness", "/ready", facts.ready_port or 8181, instead="tcpSocket"),
    )


def _unanswered(facts: Facts, plugin: str, asked: Asked | None, port: int | None) -> Iterator[Finding]:
    """A probe of /ready or /health where the Corefile opens no such port."""
    if not facts.parsed or asked is None or asked.path.rstrip("/") != f"/{plugin}" or asked.port == port:
        return
    effect = "never become ready" if plugin == "ready" else "are killed again and again"
    failing = facts.ready < facts.wanted
    where = f"opens it on port {port}" if port else f"lacks the plugin {plugin}"
    yield Finding(
        code=CODE,
        severity=Severity.CRITICAL if failing and not facts.ready else Severity.WARNING,
        summary=f"A probe asks /{plugin} on port {asked.port}, but the Corefile {where}: pods with it {effect}.",
        subject=SUBJECT,
        evidence=(_line(facts),),
        fix=f"Let the probe ask /{plugin} on port {port}, where CoreDNS answers it."
        if port
        else f"Add the line `{plugin}` to the first server block of the Corefile, through the add-on where EKS owns it.",
        commands=_asking(facts, "readiness" if plugin == "ready" else "liveness", f"/{plugin}", port)
        if port
        else ("kubectl -n kube-system get configmap coredns -o yaml",),
    )


def _asking(facts: Facts, probe: str, path: str, port: int, *, instead: str = "") -> tuple[str, ...]:
    """What lets a probe ask where CoreDNS answers: the add-on's own settings, or a patch."""
    mine = facts.owner
    if mine.managed:
        return (mine.update(resolve="OVERWRITE", version=mine.version),)
    gone = f'"{instead}":null,' if instead else ""
    asked = f'{{"{probe}Probe":{{{gone}"httpGet":{{"path":"{path}","port":{port},"scheme":"HTTP"}}}}}}'
    containers = '{"spec":{"template":{"spec":{"containers":[{"name":"coredns",' + asked[1:-1] + "}]}}}}"
    return (f"kubectl -n kube-system patch deployment coredns --type=strategic -p '{containers}'",)


def _line(facts: Facts) -> str:
    probes = ", ".join(
        f"{name} {f'{asked.path}:' if asked.path else 'TCP '}{asked.port}"
        for name, asked in (("readiness", facts.readiness), ("liveness", facts.liveness))
        if asked is not None
    )
    plugins = f"Corefile: ready {facts.ready_port or 'missing'}, health {facts.health_port or 'missing'}"
    return f"{SUBJECT}, resourceVersion {facts.version}: {probes or 'no probes'}; {plugins if facts.parsed else 'Corefile: ?'}"


def describe(facts: Facts) -> str:
    """The readiness probe, and whether the Corefile answers it."""
    if facts.readiness is None:
        return "a readiness probe that is not judged" if facts.other_readiness else "no readiness probe"
    return (
        f"readiness asks {facts.readiness.path or 'TCP'} on port {facts.readiness.port}; {facts.ready} pods are ready"
    )


CHECK = Check(
    name="coredns-readiness",
    title="A CoreDNS pod gets queries only once it knows the cluster's names",
    stage=Stage.COREDNS,
    steps=(),
    source="https://docs.aws.amazon.com/eks/latest/userguide/coredns-add-on-update.html",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
