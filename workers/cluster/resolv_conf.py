"""/etc/resolv.conf as a C library reads it: what counts, what is dropped, and how far its limits are.

The rules are those of glibc's and musl's resolvers and of resolv.conf(5). Nothing in a file makes it fail: what no
library would take is kept as `ignored`.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

NAMESERVERS = 3
"""glibc and musl ask the first three name servers; the others are dropped without a word."""
OLD_DOMAINS = 6
OLD_CHARACTERS = 256
"""glibc before 2.26 keeps six search domains of 256 characters in all; musl leaves out a longer list altogether."""
DOMAINS = 32
CHARACTERS = 2048
"""The kubelet (Kubernetes 1.28 and newer) hands out 32 search domains of 2048 characters, and drops the rest."""
NDOTS = 15
READ = 64 * 1024
KEPT = 20
LINE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvConf:
    """What a resolv.conf says. nameservers, search: in order, all of them, also those beyond the limits.

    ndots, timeout (seconds), attempts: as a library takes them, its defaults included. options: the words of `options`.
    ignored: lines that no library takes, shortened. cut: whether the file was too long to be read whole.
    """

    nameservers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    ndots: int = 1
    timeout: int = 5
    attempts: int = 2
    options: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    cut: bool = False

    @property
    def used(self) -> tuple[str, ...]:
        """The name servers that are asked."""
        return self.nameservers[:NAMESERVERS]

    @property
    def characters(self) -> int:
        """The length of the search list, with the spaces between."""
        return len(" ".join(self.search))


def parse(text: str) -> ResolvConf:
    """TEXT as a resolv.conf. It never fails, whatever the text is."""
    nameservers: list[str] = []
    search: tuple[str, ...] = ()
    options: list[str] = []
    ignored: list[str] = []
    for line in text[:READ].lstrip("\ufeff").split("\n"):
        keyword, words = _words(line)
        if keyword == "nameserver" and words and _address(words[0]):
            nameservers.append(words[0])
        elif keyword in ("search", "domain") and words:
            search = words if keyword == "search" else words[:1]
        elif keyword == "options":
            options += words
        elif keyword and keyword != "sortlist":
            ignored.append(line.strip()[:LINE])
    return ResolvConf(
        nameservers=tuple(nameservers), search=search,
        ndots=_number(options, "ndots", default=1, most=NDOTS),
        timeout=_number(options, "timeout", default=5, most=30, least=1),
        attempts=_number(options, "attempts", default=2, most=5, least=1),
        options=tuple(options), ignored=tuple(ignored[:KEPT]), cut=len(text) > READ,
    )  # fmt: skip


def _words(line: str) -> tuple[str, tuple[str, ...]]:
    """The keyword of a line and what follows; "" for comments and empty lines. Comments begin anywhere."""
    for mark in ";#":
        line = line.partition(mark)[0]
    words = line.replace("\r", " ").split()
    return (words[0], tuple(words[1:])) if words else ("", ())


def _address(word: str) -> bool:
    try:
        ipaddress.ip_address(word)
    except ValueError:
        return False
    return True


def _number(options: list[str], name: str, *, default: int, most: int, least: int = 0) -> int:
    """The last usable value of an option; one that is no number is as if it were not there."""
    found = default
    for option in options:
        key, _, value = option.partition(":")
        if key == name and value.isascii() and value.isdigit():
            found = max(least, min(most, int(value[:9])))
    return found
