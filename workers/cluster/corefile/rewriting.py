"""Which name CoreDNS looks for in place of the one that was asked: the rules of `rewrite`.

One `rewrite` is one rule, on its line or in its braces. The rules are tried in order, and the first that fits is the last,
unless it says `continue`. https://coredns.io/plugins/rewrite/
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from . import patterns
from .tokens import CorefileError
from .tree import Directive

HOW = ("exact", "prefix", "suffix", "substring", "regex")
ARGUMENTS = {"ttl": 1, "rcode": 2}
"""Rules that leave the name alone, and how many words follow the name that they fit."""
MAX_GROUPS = 101


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. about: name, type, ttl, ... last: whether no other rule is tried once it fits.

    how, wanted: which names it fits, "" for each one; "never" where it does not concern a plain query. to: what takes
    their place.
    """

    about: str
    last: bool
    how: str = ""
    wanted: str = ""
    to: str = ""

    def fits(self, name: str) -> bool:
        """Whether it fits NAME (lower case, with the dot at its end)."""
        if self.how == "regex":
            return patterns.found(self.wanted, name) is not None
        tests = {
            "exact": name == self.wanted, "prefix": name.startswith(self.wanted),
            "suffix": name.endswith(self.wanted), "substring": self.wanted in name, "never": False,
        }  # fmt: skip
        return tests.get(self.how, True)

    def applied(self, name: str) -> str:
        """The name in place of NAME, which it fits."""
        if self.how == "regex":
            new = self.to
            for number, part in enumerate(patterns.found(self.wanted, name) or ()):
                new = new.replace(f"{{{number}}}", part)
            return new
        rest = {
            "exact": self.to, "prefix": self.to + name[len(self.wanted) :],
            "suffix": name[: len(name) - len(self.wanted)] + self.to,
        }  # fmt: skip
        return rest.get(self.how, name.replace(self.wanted, self.to))


def rewritten(directives: Iterable[Directive], name: str, rtype: str) -> tuple[str, str, Directive | None]:
    """The name and the type that are looked for in place of NAME and RTYPE, and the first rule that changed the name.

    name: without the dot at its end. A rule that CoreDNS would not load does nothing.
    """
    asked = now = f"{name}."
    by: Directive | None = None
    for directive in directives:
        try:
            rule = rule_of(directive)
        except CorefileError:
            continue
        if rule.about == "type":
            if rule.wanted != rtype:
                continue
            rtype = rule.to
        elif not rule.fits(now):
            continue
        elif rule.about == "name":
            now = rule.applied(now)
            by = by or directive
        if rule.last:
            break
    return now.removesuffix("."), rtype, by if now != asked else None


def rule_of(directive: Directive) -> Rule:
    """The rule of a `rewrite`. Raises CorefileError where CoreDNS does not load it."""
    words = list(directive.args)
    if len(words) < 2:
        words += [word for line in directive.body for word in line.words]
    elif directive.body:
        raise CorefileError("a `rewrite` has its rule on its line or in its braces, not in both", directive.line)
    mode = words[0].lower() if words else ""
    last = mode != "continue"
    about, *rest = (words[1:] if mode in ("continue", "stop") else words) or [""]
    about = about.lower()
    if not about:
        raise CorefileError("`rewrite` lacks its rule", directive.line)
    if about == "name":
        return _name(rest, directive.line, last=last)
    if about in ARGUMENTS:
        return _response(about, rest, directive.line, last=last)
    if about == "type" and len(rest) == 2:
        return Rule(about, last, wanted=rest[0].upper(), to=rest[1].upper())
    if about == "cname" or (about == "edns0" and rest[1:2] in (["set"], ["append"])):
        return Rule(about, last)
    return Rule(about, last, how="never")


def _name(words: Sequence[str], line: int, *, last: bool) -> Rule:
    if len(words) < 2:
        raise CorefileError("`rewrite name` needs a name and what takes its place", line)
    how, wanted, to, *answers = ("exact", *words) if len(words) == 2 else (words[0].lower(), *words[1:])
    if how not in HOW:
        raise CorefileError(f"`rewrite name` takes no `{how}`: it is one of {', '.join(HOW)}", line)
    if how == "regex":
        _check(wanted, to, line)
    _check_answers(answers, line)
    return Rule("name", last, how, wanted if how == "regex" else _full(wanted), _full(to))


def _response(about: str, words: Sequence[str], line: int, *, last: bool) -> Rule:
    """A rule about answers, which ends the rules as well."""
    explicit = len(words) == ARGUMENTS[about] + 2
    how, wanted = (words[0].lower(), words[1]) if explicit else ("exact", words[0] if words else "")
    if how == "regex":
        _check(wanted, "", line)
    return Rule(about, last, how, wanted if how == "regex" else _full(wanted))


def _check_answers(words: Sequence[str], line: int) -> None:
    """What follows the two names: rules for the answers."""
    rest = list(words)
    if rest and rest[0] != "answer":
        raise CorefileError(f"`rewrite name` has `{rest[0]}` behind the name that takes the place", line)
    while rest:
        rest = rest[1:] if rest[0] == "answer" else rest
        kind = rest[0] if rest else ""
        if kind not in ("auto", "name", "value") or (kind != "auto" and len(rest) < 3):
            raise CorefileError(f"`{f'answer {kind}'.strip()}` of `rewrite` is not complete", line)
        if kind != "auto":
            _check(rest[1], rest[2], line)
        rest = rest[1 if kind == "auto" else 3 :]


def _check(pattern: str, to: str, line: int) -> None:
    if reason := patterns.refusal(pattern):
        raise CorefileError(f"the pattern `{pattern}` of `rewrite` is no regular expression ({reason})", line)
    used = sum(f"{{{number}}}" in to for number in range(MAX_GROUPS))
    if patterns.usable(pattern) and used > patterns.groups(pattern):
        raise CorefileError(f"`{to}` uses more groups than the pattern `{pattern}` of `rewrite` has", line)


def _full(name: str) -> str:
    """As CoreDNS compares names, and beginnings and parts of names too: in lower case, with a dot at the end."""
    return name.lower() if name.endswith(".") else f"{name.lower()}."
