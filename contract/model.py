"""The plain values that a diagnosis is made of: what was seen, what it means, what to do.

Everything here is frozen data from the standard library alone, so that bot, workers, tests and saved files can share it.
`docs/architecture.md` shows how the values follow one another: facts -> observations -> steps -> verdict.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters; the worst of a step colours it."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Outcome(StrEnum):
    """What became of a step. "Could not look" (UNKNOWN) is neither fine nor broken."""

    OK = "ok"
    PROBLEM = "problem"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class Status(StrEnum):
    """The verdict in a word."""

    HEALTHY = "healthy"
    PROBLEM = "problem"
    AT_RISK = "at-risk"
    CANNOT_SEE = "cannot-see"


class Confidence(StrEnum):
    """How sure the verdict is of a cause."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Path(StrEnum):
    """The way that a question took: a column of the differential matrix."""

    CLUSTER_IP = "cluster-ip"
    """From a probe on a node to the ClusterIP of kube-dns."""
    REPLICA = "replica"
    """From a probe on a node to the address of one CoreDNS pod."""
    FORWARD = "forward"
    """Over port-forward to one CoreDNS pod: the process without the network."""
    UPSTREAM = "upstream"
    """From a probe on a node to a name server that CoreDNS forwards to."""
    CLIENT = "client"
    """As an application asks: resolv.conf and the C library of a pod."""
    NODE_LOCAL = "node-local"
    """From a probe on a node to NodeLocal DNSCache."""
    OTHER = "other"
    """Not DNS: a connection to something else, which tells a dead network from dead DNS."""


class Effect(StrEnum):
    """What came back."""

    OK = "ok"
    SILENT = "silent"
    """Nothing within the time."""
    LOSSY = "lossy"
    """Some questions stayed without an answer, others were answered."""
    UNREACHABLE = "unreachable"
    """Refused at once by ICMP or a TCP reset: nobody listens, or a firewall rejects."""
    SERVFAIL = "servfail"
    NXDOMAIN = "nxdomain"
    NODATA = "nodata"
    REFUSED = "refused"
    """The DNS return code 5."""
    WRONG = "wrong"
    """An answer that contradicts another source."""
    SLOW = "slow"
    FAILED = "failed"
    """Anything else: a malformed answer, an error of the C library."""


class NameKind(StrEnum):
    """What sort of name was asked."""

    INTERNAL = "internal"
    EXTERNAL = "external"
    ASKED = "asked"
    """The name that somebody complains about."""
    CANARY = "canary"
    """A name that cannot exist."""
    NONE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where something holds. An empty field means: everywhere.

    nodes: names of the nodes that ask. servers: `pod/NAME` of CoreDNS pods, or addresses of name servers. kinds: sorts
    of names. transports: "udp", "tcp". pods: NAMESPACE/NAME of asking pods. zones: domains without the trailing dot.
    pairs: (node, server) where not every node fails towards every server.
    """

    nodes: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()
    kinds: tuple[NameKind, ...] = ()
    transports: tuple[str, ...] = ()
    pods: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()


EVERYWHERE = Scope()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One cell of the differential matrix: who asked whom, how, what came back. A signal that is not OK is a symptom.

    node: the node that asked, empty over port-forward. server: as in Scope. same_node: whether asker and server share a
    node (None where that has no meaning). zone: the name asked, where it is not the run's usual internal or external one.
    attempts, answered: counts of questions. evidence: the raw answers, a line each.
    """

    path: Path
    effect: Effect
    summary: str
    node: str = ""
    server: str = ""
    same_node: bool | None = None
    kind: NameKind = NameKind.NONE
    transport: str = ""
    pod: str = ""
    zone: str = ""
    attempts: int = 1
    answered: int = 0
    seconds: float = 0.0
    evidence: tuple[str, ...] = ()

    @property
    def bad(self) -> bool:
        """Whether this is a symptom."""
        return self.effect is not Effect.OK


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, or worth knowing. `code` is one of contract/codes.json: public, never renamed.

    summary: one sentence in the present tense, with its numbers. subject: the object it is about (`Kind namespace/name`,
    an AWS id). evidence: raw lines that an expert can check. fix: what a person should do. commands: shell lines with
    this cluster's real names. change: name of the change that can do it, or "". scope: where it must show, by which the
    verdict matches it with symptoms. by_chance: whether it hits some questions of each way and not others, so that a few
    answers say nothing against it.
    """

    code: str
    severity: Severity
    summary: str
    subject: str = ""
    evidence: tuple[str, ...] = ()
    fix: str = ""
    commands: tuple[str, ...] = ()
    change: str = ""
    confidence: Confidence = Confidence.HIGH
    scope: Scope = EVERYWHERE
    by_chance: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded:
    """Evidence that a cause is not at work (within a scope), and why."""

    code: str
    because: str
    scope: Scope = EVERYWHERE


Observation = Finding | Signal | Excluded
"""What `diagnose` yields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """What one check saw. `because` and `grant` say why it could not look, and what would let it.

    details: lines for the thread, a few, of what the check looked at (also where all is well).
    """

    check: str
    title: str
    outcome: Outcome
    summary: str
    seconds: float = 0.0
    findings: tuple[Finding, ...] = ()
    signals: tuple[Signal, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    because: str = ""
    grant: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One thing that explains what fails, as `check --json` prints it."""

    code: str
    confidence: Confidence
    summary: str
    subject: str
    evidence: tuple[str, ...]
    fix: str
    commands: tuple[str, ...]
    change: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuledOut:
    """A cause that the evidence excludes, as `check --json` prints it."""

    code: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotChecked:
    """A step that could not look, as `check --json` prints it."""

    check: str
    because: str
    grant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer: status, one sentence, causes (most likely first), what was ruled out, what stays open."""

    status: Status
    summary: str
    causes: tuple[Cause, ...] = ()
    ruled_out: tuple[RuledOut, ...] = ()
    unexplained: tuple[str, ...] = ()
    not_checked: tuple[NotChecked, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What somebody asked: a cluster, and perhaps the name that fails and the pod (NAMESPACE/NAME) that it fails for."""

    cluster: str
    name: str = ""
    pod: str = ""
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One finished run: what `check --json` prints. started: UTC, ISO 8601 with a Z."""

    cluster: str
    run: str
    started: str
    seconds: float
    verdict: Verdict
    steps: tuple[StepResult, ...] = field(default=())
