"""What keeps CoreDNS from loading a Corefile, told without CoreDNS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from . import patterns
from .forwards import ip_and_port
from .plugins import MUST_HAVE, MUST_NOT_HAVE, ONCE, PROPERTIES, REMOVED, Known, Version, known, plugin, version_of
from .rewriting import rule_of
from .tokens import CorefileError, MissingFile
from .tree import Block, Corefile, Directive, Line, parse
from .zones import Zone, zones_of

MAX_TARGETS = 15


class Kind(StrEnum):
    """What sort of defect a lint is about."""

    SYNTAX = "syntax"
    NO_BLOCKS = "no-blocks"
    MISSING_IMPORT = "missing-import"
    BAD_KEY = "bad-key"
    DUPLICATE = "duplicate"
    UNKNOWN_PLUGIN = "unknown-plugin"
    UNKNOWN_PROPERTY = "unknown-property"
    BAD_ARGUMENT = "bad-argument"
    NO_KUBERNETES = "no-kubernetes"
    WRONG_ZONE = "wrong-zone"
    NAMESPACES = "namespaces"
    NO_ROOT = "no-root"
    NO_FORWARD = "no-forward"
    LOOP = "loop"
    NO_READY = "no-ready"
    SHADOW = "shadow"
    MAX_CONCURRENT = "max-concurrent"
    CACHE_DENIAL = "cache-denial"
    SERVE_STALE = "serve-stale"
    BUFSIZE = "bufsize"
    NO_RELOAD = "no-reload"
    IMPORTS = "imports"


@dataclass(frozen=True, slots=True)
class Lint:
    """One defect. fatal: CoreDNS will not load it. sure: whether that (or the defect) is certain.

    message: one sentence without the line. zones: what it is about, () where that is everything or nothing.
    """

    kind: Kind
    message: str
    line: int = 0
    fatal: bool = False
    sure: bool = True
    zones: tuple[str, ...] = ()


def unloadable(
    text: str,
    version: str = "",
    files: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    *,
    whole: bool = True,
) -> tuple[Lint, ...]:
    """What will stop CoreDNS of VERSION ("" where it is not known) from loading TEXT, in order of lines. Never raises.

    whole: whether all of FILES and ENVIRONMENT that it takes is known: else nothing is sure.
    """
    found = _unloadable(text, version, files, environment)
    return found if whole else tuple(replace(each, sure=False) for each in found)


def _unloadable(
    text: str, version: str, files: Mapping[str, str] | None, environment: Mapping[str, str] | None
) -> tuple[Lint, ...]:
    try:
        corefile = parse(text, files, environment)
    except MissingFile as problem:
        return (Lint(Kind.MISSING_IMPORT, problem.message, problem.line, fatal=True, sure=False),)
    except CorefileError as problem:
        return (Lint(Kind.SYNTAX, problem.message, problem.line, fatal=True),)
    return tuple(sorted(_found(corefile, version_of(version)), key=lambda each: each.line))


def _found(corefile: Corefile, version: Version) -> Iterator[Lint]:
    if not corefile.blocks:
        yield Lint(Kind.NO_BLOCKS, "the Corefile holds no server block, so CoreDNS answers nothing of use")
    for block in corefile.blocks:
        yield from _keys(block)
        seen: set[str] = set()
        for directive in block.directives:
            if directive.name in seen & ONCE:
                message = f"`{directive.name}` can only be used once in a server block"
                yield placed(Lint(Kind.DUPLICATE, message, directive.line, fatal=True), directive)
            seen.add(directive.name)
            yield from (placed(each, directive) for each in _directive(directive, version))
    yield from _twice(corefile)


def placed(one: Lint, directive: Directive) -> Lint:
    """A defect of a directive: one in an imported file is on no line of the Corefile itself, and says where it is."""
    if not directive.file:
        return one
    return replace(one, line=0, message=f"{one.message} (line {one.line} of {directive.file})")


def _keys(block: Block) -> Iterator[Lint]:
    for key in block.keys:
        if not zones_of(key) or key.endswith(":"):
            yield Lint(Kind.BAD_KEY, f"`{key}` is no zone that a server block can serve", block.line, fatal=True)


def _twice(corefile: Corefile) -> Iterator[Lint]:
    """Two blocks for the same zone and port, unless `bind` or `view` keeps them apart."""
    seen: set[Zone] = set()
    for block in corefile.blocks:
        apart = bool(block.all("bind") or block.all("view"))
        for zone in () if apart else block.zones:
            if zone in seen:
                message = f"the zone `{zone.name or '.'}` on port {zone.port} is served by two server blocks"
                yield Lint(Kind.DUPLICATE, message, block.line, fatal=True)
            seen.add(zone)


def _directive(directive: Directive, version: Version) -> Iterator[Lint]:
    name = directive.name
    have = plugin(name, version)
    if have is not Known.YES:
        why = REMOVED.get(("", name), "")
        message = f"`{name}` is no plugin that CoreDNS has" + (f" ({why})" if why else "")
        yield Lint(Kind.UNKNOWN_PLUGIN, message, directive.line, fatal=True, sure=have is Known.NO)
        return
    yield from _properties(directive, version)
    if name == "forward":
        yield from _forward(directive)
    elif name == "hosts":
        yield from _hosts(directive)
    elif name == "rewrite":
        yield from _rewrite(directive)
    elif problem := _arguments(name, directive.args):
        yield Lint(Kind.BAD_ARGUMENT, problem, directive.line, fatal=True)


def _arguments(name: str, args: tuple[str, ...]) -> str:
    """What is wrong with the arguments of a plugin, or ""."""
    if name == "loop" and args:
        return "`loop` takes no argument"
    if name == "template" and len(args) < 2:
        return "`template` needs a class and a type"
    if name == "cache" and _not_positive(args[:1]):
        return f"the time `{args[0]}` of `cache` is zero or negative"
    if name == "errors" and args and args != ("stdout",):
        return f"`errors` takes no argument `{' '.join(args)}`"
    if name == "reload" and args[:1] in (("0s",), ("1s",), ("0",), ("1",)):
        return f"the interval `{args[0]}` of `reload` is under two seconds"
    return ""


def _not_positive(args: tuple[str, ...]) -> bool:
    return bool(args) and (args[0] == "0" or (args[0].startswith("-") and args[0][1:].isdigit()))


def _properties(directive: Directive, version: Version) -> Iterator[Lint]:
    allowed = PROPERTIES.get(directive.name)
    if directive.glued and directive.name in ("cache", "health", "kubernetes"):
        message = f"the closing brace of `{directive.name}` must stand on a line of its own"
        yield Lint(Kind.SYNTAX, message, directive.line, fatal=True)
    for line in directive.body if allowed is not None else ():
        word, args = line.words[0], line.words[1:]
        have = known((allowed or {}).get(word), version)
        if have is not Known.YES:
            why = REMOVED.get((directive.name, word), "")
            message = f"`{word}` is no option of `{directive.name}`" + (f" ({why})" if why else "")
            yield Lint(Kind.UNKNOWN_PROPERTY, message, line.line, fatal=True, sure=have is Known.NO)
        elif not args and word in MUST_HAVE.get(directive.name, ()):
            yield Lint(Kind.BAD_ARGUMENT, f"`{word}` of `{directive.name}` lacks its value", line.line, fatal=True)
        elif args and word in MUST_NOT_HAVE.get(directive.name, ()):
            yield Lint(Kind.BAD_ARGUMENT, f"`{word}` of `{directive.name}` takes no value", line.line, fatal=True)
        elif problem := _value(directive.name, word, args):
            yield Lint(Kind.BAD_ARGUMENT, problem, line.line, fatal=True)


def _value(plugin_name: str, word: str, args: tuple[str, ...]) -> str:
    """What is wrong with the value of a property, or ""."""
    for pattern in args if (plugin_name, word) == ("template", "match") else args[1:2] if word == "directory" else ():
        if reason := patterns.refusal(pattern):
            return f"the pattern `{pattern}` of `{plugin_name}` is no regular expression ({reason})"
    first = args[0] if args else ""
    if (plugin_name, word) == ("kubernetes", "pods") and (
        len(args) != 1 or first not in ("disabled", "insecure", "verified")
    ):
        return f"`pods {' '.join(args)}` must be one of disabled, insecure, verified"
    if (plugin_name, word) == ("forward", "max_concurrent") and not (first.isascii() and first.isdigit()):
        return f"`max_concurrent {first}` is no whole number"
    if (plugin_name, word) == ("forward", "policy") and first not in ("random", "round_robin", "sequential"):
        return f"`policy {first}` must be one of random, round_robin, sequential"
    if (plugin_name, word) == ("kubernetes", "ttl") and not (
        first.isascii() and first.isdigit() and int(first[:9]) <= 3600
    ):
        return f"`ttl {first}` must lie between 0 and 3600"
    return ""


def _forward(directive: Directive) -> Iterator[Lint]:
    if len(directive.args) < 2:
        message = "`forward` needs a zone and at least one name server"
        yield Lint(Kind.BAD_ARGUMENT, message, directive.line, fatal=True)
        return
    if len(directive.args) > MAX_TARGETS + 1:
        message = f"`forward` names {len(directive.args) - 1} name servers, and CoreDNS takes {MAX_TARGETS}"
        yield Lint(Kind.BAD_ARGUMENT, message, directive.line, fatal=True)
    if directive.option("resolver") is not None:
        return
    for target in directive.args[1:]:
        rest = target.partition("://")[2] or target
        if not rest.startswith(("/", "unix:")) and ip_and_port(_without_zone(rest)) is None:
            message = f"the target `{target}` of `forward` is neither an address nor a file"
            # A word without a slash could be a file in CoreDNS' working folder: nobody does that.
            yield Lint(Kind.BAD_ARGUMENT, message, directive.line, fatal=True, sure="/" not in rest)


def _rewrite(directive: Directive) -> Iterator[Lint]:
    try:
        rule_of(directive)
    except CorefileError as problem:
        yield Lint(Kind.BAD_ARGUMENT, problem.message, directive.line, fatal=True)


def _without_zone(target: str) -> str:
    """A target without the `%name` that forward allows for the TLS server or an interface."""
    return target.partition("%")[0]


def _hosts(directive: Directive) -> Iterator[Lint]:
    """After `fallthrough` every line is an option, also one that is meant as an entry."""
    through: Line | None = None
    for line in directive.body:
        word = line.words[0]
        if word == "fallthrough":
            through = line
        elif through is not None and word not in (
            "no_reverse",
            "ttl",
            "reload",
            "fallthrough",
            "fallthrough_unsupported",
        ):
            message = f"`{word}` comes after `fallthrough` in `hosts`, where CoreDNS takes no more entries"
            yield Lint(Kind.UNKNOWN_PROPERTY, message, line.line, fatal=True)
