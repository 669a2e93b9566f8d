"""CoreDNS' log lines, sorted by what they say: the dialects of CoreDNS 1.9 to 1.14."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Said(StrEnum):
    """What a line, or many alike, says."""

    UPSTREAM_TIMEOUT = "upstream-timeout"
    UPSTREAM_REFUSED = "upstream-refused"
    UPSTREAM_UNREACHABLE = "upstream-unreachable"
    NO_HEALTHY = "no-healthy"
    MAX_CONCURRENT = "max-concurrent"
    OTHER_ERROR = "other-error"
    CONSOLIDATED = "consolidated"
    WATCH_FORBIDDEN = "watch-forbidden"
    WATCH_UNAUTHORIZED = "watch-unauthorized"
    WATCH_TIMEOUT = "watch-timeout"
    WATCH_FAILED = "watch-failed"
    WAITING_FOR_API = "waiting-for-api"
    UNSYNCED_START = "unsynced-start"
    NOT_READY = "not-ready"
    RELOAD_FAILED = "reload-failed"
    PARSE_FAILED = "parse-failed"
    CANNOT_START = "cannot-start"
    LOOP = "loop"
    NO_NAMESERVERS = "no-nameservers"
    HEALTH_SLOW = "health-slow"
    LAMEDUCK = "lameduck"
    PANIC = "panic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """One line that means something. address: of the upstream or API that it is about. name: the name that was asked."""

    said: Said
    at: str
    text: str
    address: str = ""
    name: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """A line with the fingerprint of the running Corefile."""

    at: str
    value: str


_LEAD = re.compile(r"(?:(?P<at>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)) )?(?:\d{4}-\d\d-\d\dT[\d:.]+Z )?")
_LEVEL = re.compile(r"\[(?P<level>INFO|WARNING|ERROR|FATAL|PANIC|DEBUG)\] (?P<rest>.*)", re.DOTALL)
_RUNNING = re.compile(r"plugin/reload: Running configuration (?:SHA512|MD5) = (?P<value>[0-9a-f]{32,128})\s*$")
# A name is written with its spaces, quotes and backslashes escaped, so it ends at the first plain space.
_ERROR = re.compile(
    r"plugin/errors: (?P<rcode>\d{1,5}) (?P<name>(?:[^\\ ]|\\.)*+) (?P<type>\S+): (?P<error>.*)", re.DOTALL
)
_ALIKE = re.compile(
    r"plugin/errors: (?P<count>\d{1,10}) errors like '(?P<pattern>.*)' occurred in last (?P<time>\S+)\s*$"
)
_TO = re.compile(
    r"(?:->|dial (?:udp|tcp)[46]? |Get \"https?://)(?P<address>\[[0-9A-Fa-f:.%\w]+\]|[0-9A-Fa-f.:]+?)(?::\d+)?(?:[:/ ]|$)"
)
_DIAL = re.compile(r"dial (?:udp|tcp)[46]? (?P<address>\[[0-9A-Fa-f:.%\w]+\]|[0-9.]+):\d+: ")
MAX_TEXT = 400
PLUGIN_LINES = ("plugin/", "/etc/coredns/", "Listen: ", "listen ", "Error", "error ", "open ", "File to import", "loading ",
                "panic: ", "goroutine ", "fatal error: ")  # fmt: skip


def read_line(line: str) -> Spoken | Fingerprint | None:
    """What one line of the log says, or None where that is nothing of interest. A query's log line says nothing here."""
    lead = _LEAD.match(line)
    at, rest = (lead["at"] or "", line[lead.end() :]) if lead else ("", line)
    leveled = _LEVEL.match(rest)
    if leveled is None:
        said = _unleveled(rest)
        return Spoken(said=said, at=at, text=rest[:MAX_TEXT]) if said else None
    level, message = leveled["level"], leveled["rest"]
    if level == "INFO" and not message.startswith("plugin/"):
        return None
    running = _RUNNING.match(message)
    if running:
        return Fingerprint(at=at, value=running["value"])
    return _leveled(at, rest[:MAX_TEXT], message)


def _leveled(at: str, text: str, message: str) -> Spoken | None:
    if message.startswith("plugin/errors: "):
        return _error(at, text, message)
    if message.startswith(("plugin/kubernetes: ", "pkg/mod/")):
        said = _kubernetes(message)
        return Spoken(said=said, at=at, text=text, address=_address(message)) if said else None
    for start, said in _STARTS:
        if message.startswith(start):
            return Spoken(said=said, at=at, text=text)
    return None


_STARTS = (
    ("plugin/reload: Corefile changed but reload failed", Said.RELOAD_FAILED),
    ("plugin/reload: Corefile parse failed", Said.PARSE_FAILED),
    ("Restart failed", Said.RELOAD_FAILED),
    ("plugin/loop: Loop (", Said.LOOP),
    ("plugin/ready: Still waiting on", Said.NOT_READY),
    ("plugin/ready: Plugins not ready", Said.NOT_READY),
    ("plugin/health: Local health request to", Said.HEALTH_SLOW),
    ("plugin/health: Going into lameduck", Said.LAMEDUCK),
    ("Recovered from panic", Said.PANIC),
    ("SIGTERM: Shutting down", Said.LAMEDUCK),
)


def _error(at: str, text: str, message: str) -> Spoken | None:
    alike = _ALIKE.match(message)
    if alike:
        said = _reason(alike["pattern"])
        known = Said.CONSOLIDATED if said is Said.OTHER_ERROR else said
        return Spoken(said=known, at=at, text=text, count=int(alike["count"]))
    found = _ERROR.match(message)
    if found is None:
        return None
    error = found["error"]
    said = _reason(error)
    return Spoken(said=said, at=at, text=text, address=_address(error), name=found["name"].rstrip("."))


def _reason(error: str) -> Said:
    if "concurrent queries exceeded maximum" in error:
        return Said.MAX_CONCURRENT
    if "no healthy proxies" in error or "unreachable backend" in error:
        return Said.NO_HEALTHY
    if "i/o timeout" in error or "i\\/o timeout" in error or "deadline exceeded" in error:
        return Said.UPSTREAM_TIMEOUT
    if "connection refused" in error:
        return Said.UPSTREAM_REFUSED
    if "no route to host" in error or "network is unreachable" in error or "host is unreachable" in error:
        return Said.UPSTREAM_UNREACHABLE
    return Said.OTHER_ERROR


def _kubernetes(message: str) -> Said | None:
    if "waiting for Kubernetes API before starting server" in message:
        return Said.WAITING_FOR_API
    if "starting server with unsynced Kubernetes API" in message:
        return Said.UNSYNCED_START
    failed = any(
        each in message for each in ("Failed to watch", "Failed to list", "failed to list", "API connection failure")
    )
    if not failed:
        return Said.CANNOT_START if "Error during parsing" in message else None
    if " is forbidden: " in message:
        return Said.WATCH_FORBIDDEN
    if "Unauthorized" in message:
        return Said.WATCH_UNAUTHORIZED
    timeouts = ("i/o timeout", "connection refused", "no route to host", "handshake timeout", "network is unreachable")
    return Said.WATCH_TIMEOUT if any(each in message for each in timeouts) else Said.WATCH_FAILED


def _unleveled(text: str) -> Said | None:
    """Lines that CoreDNS prints as it ends, without a level."""
    if not text.startswith(PLUGIN_LINES):
        return None
    if text.startswith(("panic: ", "goroutine ", "fatal error: ")):
        return Said.PANIC
    if text.startswith("plugin/loop: Loop ("):
        return Said.LOOP
    if "no nameservers found" in text:
        return Said.NO_NAMESERVERS
    return Said.CANNOT_START


def _address(text: str) -> str:
    """The address at the far end of what failed, without its port; "" where the line names none."""
    found = _DIAL.search(text) or _TO.search(text)
    return found["address"].strip("[]") if found else ""


def age(at: str, now: datetime) -> float:
    """Seconds from a line's time to NOW; -1 where it cannot be read."""
    try:
        return (now - datetime.fromisoformat(at)).total_seconds()
    except (ValueError, TypeError):
        return -1.0
