"""The survey: one round of questions from probe pods on the nodes, and what came back, for every check to judge.

Everything is asked at once, from each node that matters: through the ClusterIP, of each CoreDNS pod, of each stray
endpoint, of the name servers that CoreDNS forwards to, and as an application asks. A pod with dnsPolicy ClusterFirst shows
what the kubelet hands to pods; one with Default, beside CoreDNS, has the resolv.conf that CoreDNS has.
"""

from __future__ import annotations

import base64
import ipaddress
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from contract.model import Effect, NameKind, Path

from .answers import Reply, query, read
from .errors import CannotRead, Gap
from .probes import Line, Plan

MAX_NODES = 10
NODE_LOCAL = "169.254.20.10"
REPEATS = 4
"""How often the ClusterIP is asked the same from one node: each time another endpoint may answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A name server to ask. label: `kube-dns`, `pod/NAME`, or the address. node: where it runs, if it is a pod."""

    path: Path
    address: str
    label: str
    node: str = ""
    port: int = 53


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name to ask, always taken as absolute. slow: whether an answer may take seconds (a dead upstream)."""

    kind: NameKind
    name: str
    rtype: str = "A"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question of the survey and what came of it.

    effect: of the last try. tries: 1, or 2 where the first stayed silent. seconds: of the try that was answered.
    error: the probe's own error, as in `ConnectionRefusedError`. reply: None where nothing usable came.
    """

    node: str
    policy: str
    pod: str
    target: Target
    name: Name
    transport: str
    effect: Effect
    tries: int = 1
    seconds: float = 0.0
    error: str = ""
    reply: Reply | None = None

    @property
    def same_node(self) -> bool | None:
        """Whether asker and server share a node; None where the server is no pod."""
        return self.node == self.target.node if self.target.node else None

    @property
    def line(self) -> str:
        """The question and its answer, for evidence."""
        opened = self.transport == CONNECT and self.effect is Effect.OK
        came = self.reply.text if self.reply else (self.error or ("open" if opened else "no answer"))
        again = ", asked twice" if self.tries > 1 else ""
        server = self.target.address
        if self.target.label != server:
            server = f"{self.target.label} {server}"
        return (
            f"{self.pod or self.node} -> {server} {self.transport} "
            f"{self.name.name} {self.name.rtype}: {came} ({self.seconds * 1000:.0f} ms{again})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A name looked up by the C library of a probe, with its resolv.conf and search list."""

    node: str
    policy: str
    pod: str
    name: str
    addresses: tuple[str, ...] = ()
    canonical: str = ""
    error: str = ""
    seconds: float = 0.0
    finished: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvConf:
    """/etc/resolv.conf of a probe, whole."""

    node: str
    policy: str
    pod: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """All that the probes saw. nodes: those that were looked from. missing: nodes that were not, and why."""

    nodes: tuple[str, ...]
    missing: tuple[tuple[str, str], ...]
    asked: tuple[Asked, ...]
    looked: tuple[Looked, ...]
    resolv: tuple[ResolvConf, ...]
    gaps: tuple[Gap, ...] = ()
    canary: str = ""
    loaders: tuple[str, ...] = ()
    """Files that tell the C library of the asked pod's processes; none where the probe may not look into them."""
    tracked: tuple[tuple[str, int], ...] = ()
    """How many connections each node's kernel tracks at most, where the probe could read it."""


def questions(
    targets: Iterable[tuple[Target, Sequence[tuple[Name, str, int]]]],
) -> dict[str, tuple[Target, Name, str, bytes]]:
    """Each question by its id: target, name, transport, wire form. The int is how often it is asked."""
    made: dict[str, tuple[Target, Name, str, bytes]] = {}
    for target, wanted in targets:
        for name, transport, times in wanted:
            for _ in range(times):
                wire = b"" if transport == CONNECT else query(name.name, name.rtype)
                made[f"q{len(made)}"] = (target, name, transport, wire)
    return made


CONNECT = "connect"
"""The transport of a question that is none: only a TCP connection, to a port that is not DNS."""
TRACKED = "/proc/sys/net/netfilter/nf_conntrack_max"
"""How many connections a node's kernel tracks at most; every network namespace shows the node's."""
LOADERS = ("/proc/[0-9]*/root/lib/ld-musl-*", "/proc/[0-9]*/root/lib*/ld-linux*")
"""The loader of each C library, in the processes beside a probe: seen where it runs as the same user."""


def plan_of(
    made: Mapping[str, tuple[Target, Name, str, bytes]], libc: Sequence[str], listed: Sequence[str] = ()
) -> Plan:
    """The questions as the probe takes them. listed: patterns of files that it looks for."""
    ask: list[dict[str, Any]] = []
    for key, (target, name, transport, wire) in made.items():
        one: dict[str, Any] = {
            "id": key,
            "to": target.address,
            "how": transport,
            "wire": base64.b64encode(wire).decode(),
        }
        if target.port != 53:
            one["port"] = target.port
        if transport == CONNECT:
            one["spare"] = 1
        elif name.kind is not NameKind.INTERNAL:
            one["slow"] = 1
        ask.append(one)
    return Plan(ask=ask, libc=libc, list=listed, read=("/etc/resolv.conf", TRACKED))


def asked_from(
    lines: Sequence[Line], made: Mapping[str, tuple[Target, Name, str, bytes]], *, node: str, policy: str, pod: str = ""
) -> Iterator[Asked]:
    """The probe's lines as answers to the questions; a question that no line speaks of stayed silent."""
    spoken: dict[str, Line] = {}
    for line in lines:
        if "id" in line:
            spoken.setdefault(str(line["id"]), line)
    for key, (target, name, transport, wire) in made.items():
        if target.address == "own":
            for found, line in spoken.items():
                if found.startswith(f"{key}@"):
                    address = found.split("@", 1)[1]
                    own = Target(path=target.path, address=address, label=address)
                    yield _one(line, own, name, transport, wire, node, policy, pod)
            continue
        silent: Line = {"seen": "silent"} if lines else {"seen": "error", "error": "the probe did not run"}
        yield _one(spoken.get(key, silent), target, name, transport, wire, node, policy, pod)


def _one(
    line: Line, target: Target, name: Name, transport: str, wire: bytes, node: str, policy: str, pod: str
) -> Asked:
    seen = line.get("seen")
    reply, error, effect = None, "", Effect.SILENT
    if seen == "answer" and transport == CONNECT:
        effect = Effect.OK
    elif seen == "answer":
        reply = read(base64.b64decode(str(line.get("wire") or "")), wire)
        effect = reply.effect if reply else Effect.FAILED
        error = "" if reply else "an answer that is not DNS"
    elif seen == "error":
        error = str(line.get("error") or "error")
        effect = Effect.UNREACHABLE if error in UNREACHABLE else Effect.FAILED
    return Asked(
        node=node, policy=policy, pod=pod, target=target, name=name, transport=transport, effect=effect, error=error,
        reply=reply, tries=2 if seen == "silent" else int(line.get("no") or 1), seconds=float(line.get("took") or 0.0),
    )  # fmt: skip


UNREACHABLE = ("ConnectionRefusedError", "ConnectionResetError", "OSError", "PermissionError")


def looked_from(
    lines: Sequence[Line], names: Sequence[str], *, node: str, policy: str, pod: str = ""
) -> Iterator[Looked]:
    """The probe's look-ups by its C library; one that did not end in time has finished=False."""
    ended = {str(line["libc"]): line for line in lines if "libc" in line}
    for name in names:
        line = ended.get(name)
        if line is None:
            yield Looked(node=node, policy=policy, pod=pod, name=name, finished=False, error="no answer in time")
            continue
        yield Looked(
            node=node, policy=policy, pod=pod, name=name,
            addresses=tuple(str(a) for a in line.get("addresses") or ()),
            canonical=str(line.get("canonical") or "").rstrip("."),
            error=str(line.get("error") or ""), seconds=float(line.get("took") or 0.0),
        )  # fmt: skip


def resolv_from(lines: Sequence[Line], *, node: str, policy: str, pod: str = "") -> Iterator[ResolvConf]:
    """The probe's resolv.conf."""
    for line in lines:
        if line.get("file") == "/etc/resolv.conf" and "text" in line:
            yield ResolvConf(node=node, policy=policy, pod=pod, text=str(line["text"]))


def tracked_from(lines: Sequence[Line], node: str) -> Iterator[tuple[str, int]]:
    """The node's limit of tracked connections."""
    for line in lines:
        if line.get("file") == TRACKED and str(line.get("text", "")).strip().isdigit():
            yield node, int(str(line["text"]).strip())


def loaders_from(lines: Sequence[Line]) -> tuple[str, ...]:
    """The loaders of C libraries in the processes of another container; those of the probe itself are left out."""
    own = next((str(line["self"]) for line in lines if "self" in line), "")
    found = [str(path) for line in lines if line.get("list") in LOADERS for path in line.get("found") or ()]
    return tuple(path for path in found if not own or not path.startswith(f"/proc/{own}/"))


def canary() -> str:
    """A name of one label that nobody can have made."""
    return f"dnsmedic-{uuid.uuid4().hex[:16]}"


def is_address(text: str) -> bool:
    """Whether TEXT is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One probe to send out: where, as whom, with which questions."""

    node: str
    policy: str
    made: Mapping[str, tuple[Target, Name, str, bytes]]
    libc: tuple[str, ...]


def send_out(posts: Sequence[Post], launch: Any, *, canary_name: str, missing: Sequence[tuple[str, str]]) -> Survey:
    """Run all probes at the same time. launch(post, number) -> lines; it raises CannotRead."""
    asked: list[Asked] = []
    looked: list[Looked] = []
    resolv: list[ResolvConf] = []
    gaps: list[Gap] = []
    nodes: list[str] = []
    tracked: list[tuple[str, int]] = []
    left = list(missing)
    with ThreadPoolExecutor(max_workers=max(1, len(posts)), thread_name_prefix="probe") as pool:
        running = [pool.submit(launch, post, number) for number, post in enumerate(posts)]
        for post, future in zip(posts, running, strict=True):
            try:
                lines = future.result()
            except CannotRead as problem:
                gap = Gap(
                    what=f"{problem.verb} {problem.object} on {post.node}", reason=problem.reason, grant=problem.grant
                )
                gaps.append(gap)
                if post.policy == "ClusterFirst":
                    left.append((post.node, problem.reason))
                continue
            if post.policy == "ClusterFirst":
                nodes.append(post.node)
                tracked += tracked_from(lines, post.node)
            asked += asked_from(lines, post.made, node=post.node, policy=post.policy)
            looked += looked_from(lines, post.libc, node=post.node, policy=post.policy)
            resolv += resolv_from(lines, node=post.node, policy=post.policy)
    return Survey(
        nodes=tuple(nodes), missing=tuple(left), asked=tuple(asked), looked=tuple(looked), resolv=tuple(resolv),
        gaps=tuple(gaps), canary=canary_name, tracked=tuple(tracked),
    )  # fmt: skip
