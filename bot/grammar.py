"""What people type after /dns-check and /dns-health, as a closed grammar: words and key=value, nothing else is guessed at.

Phones turn quotes and dashes into others, and Slack turns names into links; both are undone here. What is left must
match whole, or is refused with the usage.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches

from contract import names
from contract.model import Question
from contract.refusal import Refused

USAGE = "`/dns-check CLUSTER [name] [pod=namespace/pod]`, or `help`, `list`, `status`, `stop RUN`"

HEALTH_USAGE = "`/dns-health`, or `/dns-health CLUSTER` for one"

_LONGEST = 3_000
_MOST_WORDS = 8
_LINK = re.compile(r"<(?:https?://)([^<>|\s]+?)/?\|([^<>|\s]+)>")
_QUOTES = frozenset("\"'`\u00b4\u201a\u201e\u2032\u2033\u275d\u275e\uff02\uff07")
_RUN = re.compile(r"run_[0-9a-z]{1,32}")
_KEYS = ("pod", "name")


@dataclass(frozen=True, slots=True)
class Form:
    """Nothing was typed: the form is opened."""


@dataclass(frozen=True, slots=True)
class Help:
    """How it is used."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Which clusters may be checked here."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Which runs wait or are on."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A run shall end."""

    run: str


@dataclass(frozen=True, slots=True)
class Check:
    """A cluster shall be checked."""

    question: Question


@dataclass(frozen=True, slots=True)
class Health:
    """A report shall be posted, about this cluster or, where it is "", about all."""

    cluster: str = ""


Command = Form | Help | Listing | Standing | Stop | Check


def parse(text: str) -> Command:
    """The command in a text as Slack sends it. Raises Refused, in words for the person, for anything else."""
    if len(text) > _LONGEST:
        raise Refused(f"That is too long: {_LONGEST:,} characters are the most. Usage: {USAGE}")
    words = _words(text)
    if not words:
        return Form()
    if any(_is_dash(word[0]) for word in words):
        raise Refused(f"There are no options with dashes, as phones change them. Usage: {USAGE}")
    if len(words) > _MOST_WORDS:
        raise Refused(f"Those are too many words. Usage: {USAGE}")
    first = words[0].lower()
    if first in names.COMMANDS:
        return _command(first, words[1:])
    return Check(_question(words[0], words[1:]))


def parse_health(text: str) -> Health | Help:
    """The command in a text after /dns-health. Raises Refused, in words for the person, for anything else."""
    if len(text) > _LONGEST:
        raise Refused(f"That is too long. Usage: {HEALTH_USAGE}")
    words = _words(text)
    if [word.lower() for word in words] == ["help"]:
        return Help()
    if len(words) > 1 or any(not names.CLUSTER.fullmatch(word) for word in words):
        raise Refused(f"That is no name of a cluster. Usage: {HEALTH_USAGE}")
    return Health(next(iter(words), ""))


def _command(word: str, rest: list[str]) -> Command:
    if word == "stop":
        if len(rest) == 1 and _RUN.fullmatch(rest[0]):
            return Stop(rest[0])
        raise Refused("Say which run to stop, as in `stop run_7f3a`; `status` lists them.")
    if rest:
        raise Refused(f"`{word}` stands alone. Usage: {USAGE}")
    if word == "help":
        return Help()
    return Listing() if word == "list" else Standing()


def _question(cluster: str, rest: list[str]) -> Question:
    given: dict[str, str] = {}
    for word in rest:
        key, equals, value = word.partition("=")
        key = key.lower() if equals else "name"
        if key not in _KEYS:
            near = get_close_matches(key[:40], _KEYS, n=1)
            raise Refused(f"There is no such setting{f'; did you mean `{near[0]}=`?' if near else '.'} Usage: {USAGE}")
        if key in given:
            raise Refused(f"`{key}` is given twice. Usage: {USAGE}")
        given[key] = _unquoted(value) if equals else word
    return question(cluster, given.get("name", ""), given.get("pod", ""), spelled=given)


def question(cluster: str, name: str, pod: str, *, spelled: dict[str, str] | None = None) -> Question:
    """The question about these three, checked. spelled: which of them were given at all. Raises Refused."""
    given = {"name": name, "pod": pod} if spelled is None else spelled
    if not names.CLUSTER.fullmatch(cluster):
        raise Refused(f"That is no name of a cluster. Usage: {USAGE}")
    if (name or "name" in given) and (fault := names.domain_fault(name)):
        raise Refused(f"The name to look up {fault}.")
    if (pod or "pod" in given) and (fault := names.pod_fault(pod)):
        raise Refused(f"The pod {fault}.")
    return Question(cluster=cluster, name=name, pod=pod)


def _words(text: str) -> list[str]:
    plain = _unescaped(_LINK.sub(_unlinked, text))
    spaced = "".join(map(_plain, plain))
    words = spaced.split()
    if any(unicodedata.category(letter).startswith("C") for word in words for letter in word):
        raise Refused(f"There are invisible characters in that; please type it anew. Usage: {USAGE}")
    return [word if "=" in word else _unquoted(word) for word in words]


def _unlinked(link: re.Match[str]) -> str:
    """The name that Slack made a link of; any other link stays what it is, and is refused."""
    return link[2] if link[1].lower() == link[2].lower() else link[0]


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _plain(letter: str) -> str:
    """A letter with every kind of space as one, and every kind of quote as one."""
    category = unicodedata.category(letter)
    if category in ("Zs", "Zl", "Zp"):
        return " "
    return '"' if category in ("Pi", "Pf") or letter in _QUOTES else letter


def _unquoted(word: str) -> str:
    """A word without the pair of quotes around it. Raises Refused for a quote without its partner, or for no word."""
    if len(word) > 2 and word[0] == word[-1] == '"':
        word = word[1:-1]
    if '"' in word:
        raise Refused(f"There is a quote too many in that. Usage: {USAGE}")
    return word


def _is_dash(letter: str) -> bool:
    return unicodedata.category(letter) == "Pd" or letter == "\N{MINUS SIGN}"
