"""What is wrong with a Corefile that CoreDNS loads without a word."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from workers.cluster.names import under

from .chain import Answer, excepts, zones_in
from .forwards import address_of
from .loading import Kind, Lint, placed, unloadable
from .plugins import EXTERNAL, HANDS_ON, PLUGINS
from .serving import block_for, block_of, main_port, taken
from .tokens import CorefileError
from .tree import Block, Corefile, Directive, parse

FEW_CONCURRENT = 100
LONG_DENIAL = 300
SMALL_BUFFER = 512
MISSING = (
    Kind.NO_KUBERNETES,
    Kind.WRONG_ZONE,
    Kind.NAMESPACES,
    Kind.NO_ROOT,
    Kind.NO_FORWARD,
    Kind.NO_READY,
    Kind.NO_RELOAD,
)
"""What is said of a Corefile that lacks something, or says less than it must."""


def lint(
    text: str,
    version: str = "",
    *,
    files: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    whole: bool = True,
    cluster_zone: str = "cluster.local",
    kube_dns: Sequence[str] = (),
    names: Sequence[str] = (),
) -> tuple[Lint, ...]:
    """All defects of a Corefile for CoreDNS of VERSION, those that stop it from loading first. Never raises.

    files: path -> text of what it imports. environment: of the CoreDNS container. whole: whether all of both is known: else
    what seems to be missing may well be there, and is not sure. kube_dns: the ClusterIPs of the Service kube-dns. names:
    names that somebody is known to ask, for which a plugin that takes them away is a defect.
    """
    fatal = unloadable(text, version, files, environment, whole=whole)
    try:
        corefile = parse(text, files, environment)
    except CorefileError:
        return fatal
    if not corefile.blocks:
        return fatal
    semantic = (
        *_kubernetes(corefile, cluster_zone, names), *_forward(corefile), *_left_to_nobody(corefile, cluster_zone, names),
        *_loops(corefile, kube_dns), *_ready(corefile), *_shadows(corefile, names), *_options(corefile),
    )  # fmt: skip
    known = (
        semantic if whole else tuple(replace(each, sure=each.sure and each.kind not in MISSING) for each in semantic)
    )
    return (*fatal, *sorted(known, key=lambda each: each.line))


def _kubernetes(corefile: Corefile, cluster_zone: str, names: Sequence[str]) -> Iterator[Lint]:
    """Whether the block that takes the cluster's names has `kubernetes` for them, and for those that are asked."""
    block = block_of(corefile, f"kubernetes.default.svc.{cluster_zone}")
    here = block.all("kubernetes") if block else ()
    serving = [each for each in here if block and cluster_zone in zones_in(block, each.args)]
    if serving:
        yield from _left_out(serving[0], cluster_zone, names)
        return
    if block and block.all("kubernetai"):
        return
    if here and block:
        zones = ", ".join(z or "." for z in zones_in(block, here[0].args))
        message = f"`kubernetes` serves {zones}, while this cluster's names end in {cluster_zone}"
        yield placed(Lint(Kind.WRONG_ZONE, message, here[0].line, zones=(cluster_zone,)), here[0])
        return
    line = block.line if block else 0
    yield Lint(Kind.NO_KUBERNETES, f"no `kubernetes` plugin answers for {cluster_zone}", line, zones=(cluster_zone,))


def _left_out(kubernetes: Directive, cluster_zone: str, names: Sequence[str]) -> Iterator[Lint]:
    """Names of namespaces that the plugin was told not to serve."""
    served = kubernetes.option("namespaces")
    suffix = f".svc.{cluster_zone}"
    own = {name: name.removesuffix(suffix).rpartition(".")[2] for name in names if name.endswith(suffix)}
    missing = {name: namespace for name, namespace in own.items() if served and namespace not in served}
    if missing:
        message = (
            f"`namespaces {' '.join(served or ())}` of `kubernetes` leaves out {', '.join(sorted({*missing.values()}))}"
        )
        yield placed(Lint(Kind.NAMESPACES, message, kubernetes.line, zones=tuple(missing)), kubernetes)


def _forward(corefile: Corefile) -> Iterator[Lint]:
    """Whether names outside of the cluster are handed on."""
    block = block_of(corefile, "")
    if block is None:
        yield Lint(Kind.NO_ROOT, "no server block answers for names outside of the listed zones (`.`)")
        return
    if any(each.name in EXTERNAL and each.name not in HANDS_ON for each in block.directives):
        return
    if not any(_whole(each) for name in HANDS_ON for each in block.all(name)):
        message = "the server block for all other names (`.`) hands them on to no name server"
        yield Lint(Kind.NO_FORWARD, message, block.line)


def _left_to_nobody(corefile: Corefile, cluster_zone: str, names: Sequence[str]) -> Iterator[Lint]:
    """Names that are asked and that no `forward` of their server block takes, nor any other plugin of it."""
    for name in dict.fromkeys(names):
        found = block_for(corefile, name)
        if found is None or under(name, cluster_zone) or taken(corefile, name) is not None:
            continue
        block, zone = found
        alike = sum(zone in each.zones for each in corefile.blocks)  # told apart by `bind` or `view`
        handing = (*block.all("forward"), *block.all("grpc"))
        if not handing or alike > 1 or any(_may_answer(each) for each in block.directives):
            continue
        leaving = next((each for each in handing if excepts(each, name)), None)
        why = f" (`except {' '.join(leaving.option('except') or ())}` of `{leaving.name}`)" if leaving else ""
        message = f"nothing in the server block {' '.join(block.keys)} answers or forwards it{why}"
        yield Lint(Kind.NO_FORWARD, message, (leaving or handing[0]).line, zones=(name,))


def _may_answer(directive: Directive) -> bool:
    """Whether a plugin may know names that the Corefile does not show."""
    return (
        directive.name not in PLUGINS
        or directive.name in ("erratic", "k8s_external", "local", "nomad", "view", "whoami")
        or (directive.name not in ("kubernetes", "template") and directive.option("fallthrough") is not None)
    )


def _whole(directive: Directive) -> bool:
    return directive.name not in ("forward", "grpc") or directive.args[:1] == (".",)


def _loops(corefile: Corefile, kube_dns: Sequence[str]) -> Iterator[Lint]:
    """Forwards that come back to the block that they start from."""
    for block in corefile.blocks:
        for directive in block.all("forward"):
            for target in directive.args[1:]:
                for zone in block.zones:
                    if zone.transport == "dns" and _comes_back(corefile, block, zone.name, target, kube_dns):
                        stops = bool(block.all("loop"))
                        message = f"`forward` sends queries to {target}, which is CoreDNS itself"
                        loopback = address_of(target) is not None and target not in kube_dns
                        loop = Lint(Kind.LOOP, message, directive.line, fatal=stops, sure=loopback, zones=(zone.name,))
                        yield placed(loop, directive)
                        break


def _comes_back(corefile: Corefile, block: Block, zone: str, target: str, kube_dns: Sequence[str]) -> bool:
    address = address_of(target)
    if address is None:
        return False
    host, port = address
    if host in kube_dns:
        port = main_port(corefile) if port == 53 else port
    elif not ipaddress.ip_address(host).is_loopback:
        return False
    found = block_for(corefile, zone, port)
    return found is not None and found[0] is block


def _ready(corefile: Corefile) -> Iterator[Lint]:
    if not any(block.all("ready") for block in corefile.blocks):
        message = "no `ready` plugin: a readiness probe on /ready never succeeds"
        yield Lint(Kind.NO_READY, message)
    if not any(block.all("reload") for block in corefile.blocks):
        message = "no `reload` plugin: CoreDNS takes a changed Corefile only when it is restarted"
        yield Lint(Kind.NO_RELOAD, message)


def _shadows(corefile: Corefile, names: Sequence[str]) -> Iterator[Lint]:
    """Plugins that take names away from where they belong; sure where a name that is asked gets SERVFAIL for it."""
    told: set[tuple[str, int, str]] = set()
    for name in names:
        found = taken(corefile, name)
        if found is None or found.answer is Answer.REAL:
            continue
        told.add((found.directive.file, found.line, found.plugin))
        fails = found.answer is Answer.SERVFAIL
        does = {Answer.SERVFAIL: "fails every name that it lacks", Answer.RENAMED: "asks for another name instead"}
        message = f"`{found.says}` takes {name} away from its real source and {does.get(found.answer, 'answers it')}"
        one = Lint(Kind.SHADOW, message, found.line, sure=fails, zones=(found.zone,))
        yield placed(one, found.directive)
    for block in corefile.blocks:
        for directive in block.directives:
            if (
                directive.name in ("hosts", "template", "rewrite", "file")
                and (directive.file, directive.line, directive.name) not in told
            ):
                says = " ".join((directive.name, *directive.args))
                if directive.option("fallthrough") is None:
                    message = f"`{says}` answers for some names in place of their real source"
                    yield placed(Lint(Kind.SHADOW, message, directive.line, sure=False), directive)


def _options(corefile: Corefile) -> Iterator[Lint]:
    for block in corefile.blocks:
        for directive in block.directives:
            yield from (placed(each, directive) for each in _option(directive))


def _option(directive: Directive) -> Iterator[Lint]:
    if directive.name == "forward":
        yield from _limit(directive)
    elif directive.name == "cache":
        yield from _cache(directive)
    elif directive.name == "bufsize" and directive.args[:1] and _figure(directive.args[0]) < SMALL_BUFFER:
        message = f"`bufsize {directive.args[0]}` makes most answers too long for UDP"
        yield Lint(Kind.BUFSIZE, message, directive.line)


def _limit(directive: Directive) -> Iterator[Lint]:
    limit = _figure((directive.option("max_concurrent") or ("",))[0])
    if 0 < limit < FEW_CONCURRENT:
        message = f"`max_concurrent {limit}` refuses queries as soon as {limit} wait for their answer"
        yield Lint(Kind.MAX_CONCURRENT, message, directive.line)


def _cache(directive: Directive) -> Iterator[Lint]:
    denial = directive.option("denial") or ()
    seconds = _figure(denial[1]) if len(denial) > 1 else _figure((directive.args or ("",))[0])
    if seconds > LONG_DENIAL:
        message = f"`cache` keeps the answer that a name does not exist for up to {seconds} s"
        yield Lint(Kind.CACHE_DENIAL, message, directive.line)
    if directive.option("serve_stale") is not None:
        message = "`serve_stale` hands out answers that ran out while the name server is away"
        yield Lint(Kind.SERVE_STALE, message, directive.line)


def _figure(text: str) -> int:
    return int(text[:9]) if text.isascii() and text.isdigit() else 0
