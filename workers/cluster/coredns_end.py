"""Why a CoreDNS process ended or stays unready, by its own last lines: all dialects from 1.9 to 1.14."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

LONGEST = 400
STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d) ")
ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
QUERY = re.compile(r'" [A-Z]+ [a-z,]+ \d+ [0-9.]+s$|plugin/errors: ')
"""Lines that quote what a client asked for: a client can write anything there."""


class Reason(StrEnum):
    """What kept a CoreDNS process from running."""

    PARSE = "parse"
    LOOP = "loop"
    NO_UPSTREAM = "no-upstream"
    PORT_TAKEN = "port-taken"


LINES = (
    (Reason.LOOP, re.compile(r"plugin/loop: Loop \(.*\) detected")),
    (Reason.NO_UPSTREAM, re.compile(r"no (?:valid )?nameservers? found|no upstream host")),
    (Reason.PORT_TAKEN, re.compile(r"bind: address already in use")),
    (
        Reason.PARSE,
        re.compile(
            r"Error during parsing|unknown property|Unknown directive|not an IP address or file|Wrong argument count"
            r"|Corefile:\d+ - |unable to open .*Corefile|cannot serve .* already defined|plugin/\w+: .*Corefile"
        ),
    ),
)
WAITS = re.compile(r"plugin/ready: (?:Still waiting on|Plugins not ready): (.{1,200})")


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Why a process ended, and the line that says so."""

    reason: Reason
    line: str


def ended_by(text: str) -> End | None:
    """The last reason in a log; None where it holds none. Lines that only quote a query do not count."""
    for line in reversed(plain(text)):
        if QUERY.search(line) or "reload" in line.split(":")[0]:
            continue
        for reason, pattern in LINES:
            if pattern.search(line):
                return End(reason=reason, line=line[:LONGEST])
    return None


def waits_for(text: str) -> str:
    """What `ready` last waited for, as CoreDNS names it; "" where no line says."""
    for line in reversed(plain(text)):
        if found := WAITS.search(line):
            return found[1].strip().strip('"')
    return ""


def plain(text: str) -> list[str]:
    """The lines without the kubelet's times and without colours."""
    return [STAMP.sub("", ESCAPE.sub("", line.replace("\0", ""))) for line in text[-200_000:].splitlines()]
