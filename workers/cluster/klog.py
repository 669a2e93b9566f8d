"""The log of kube-proxy read line by line: every dialect of klog, JSON, and what each line says of its work.

Errors that stopped and errors that go on are told apart by time: a reflector that fails tries again within a minute, so an
error older than that, or one before the next success, is over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from . import ages

LONGEST_LINE = 4000
LONGEST_KEPT = 600
PAUSE = 300.0
BLIP = 25.0
"""A watch that breaks while a control plane moves is back within so many seconds."""
STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) ")
HEADER = re.compile(r"([IWEF])(\d\d)(\d\d) (\d\d):(\d\d):(\d\d)\.\d+\s+\d+ [^\s\]]+:\d+\] (.*)", re.DOTALL)
LOGRUS = re.compile(r'time="([^"]+)" level=(\w+) msg=(.*)', re.DOTALL)
ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
USER = re.compile(r'User \\*"([^"\\]{1,253})\\*" cannot (\w+) resource \\*"([\w.]{1,100})')


class Kind(StrEnum):
    """What a line says of kube-proxy's work."""

    FORBIDDEN = "forbidden"
    UNAUTHORIZED = "unauthorized"
    TIMEOUT = "timeout"
    API_MISSING = "api-missing"
    MODE = "mode"
    LISTED = "listed"
    """A list of objects came: the API server is reached and lets kube-proxy in."""
    SYNCED = "synced"
    """The rules of the node were written."""


BAD = (Kind.FORBIDDEN, Kind.UNAUTHORIZED, Kind.TIMEOUT, Kind.API_MISSING, Kind.MODE)
WORDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (Kind.FORBIDDEN, re.compile(r"\bis forbidden: |\bforbidden: User ")),
    (
        Kind.UNAUTHORIZED,
        re.compile(
            r"\bUnauthorized\b|x509: certificate|certificate signed by unknown authority"
            r"|has asked for the client to provide credentials|token has (?:expired|been invalidated)"
        ),
    ),
    (Kind.API_MISSING, re.compile(r"the server could not find the requested resource|no matches for kind")),
    (
        Kind.MODE,
        re.compile(
            r"ipvs family information|IPVS proxier|ipset version|can't use (?:the )?\w+ proxier|nftables.{0,40}(?:not supported"
            r"|kernel|unsupported|failed)|no matching nft|nft.{0,30}executable file not found|unknown proxy mode"
            r"|[Uu]nsupported proxy mode|KubeProxyConfiguration\.Mode\b"
            r"|iptables.{0,40}not supported by the kernel|[Ff]ailed to execute iptables-restore"
            r"|can't initialize ip6?tables|Failed to execute nft"
        ),
    ),
    (
        Kind.TIMEOUT,
        re.compile(
            r"i/o timeout|connection refused|no route to host|network is unreachable|TLS handshake timeout"
            r"|context deadline exceeded|Client\.Timeout exceeded|connection reset by peer|no such host|server misbehaving"
            r"|client connection lost|http2: .{0,60}closed|: EOF\b"
        ),
    ),
)
TO_THE_API = re.compile(
    r"https?://|[Ff]ailed to (?:list|watch|retrieve|get)|\breflector|dial tcp|[Uu]nable to|\*v1[a-z0-9]*\."
)
GOOD = (
    (Kind.LISTED, re.compile(r"Caches populated|Caches are synced|Successfully retrieved (?:node|NodeIP)")),
    (Kind.SYNCED, re.compile(r"[Ss]yncProxyRules complete|syncProxyRules took")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One record: its severity (I, W, E, F), its time in seconds since 1970, its text with all continuation lines."""

    severity: str
    text: str
    at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All lines of one kind: how many, the ages of the first and the last, the last line. user: whom the API refused.

    since_age: the age of the first after the last pause of more than five minutes.
    """

    kind: Kind
    count: int
    first_age: float | None = None
    since_age: float | None = None
    last_age: float | None = None
    line: str = ""
    user: str = ""
    resources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a whole log says. end_age: seconds since its last line. version: kube-proxy's own, or ""."""

    lines: int = 0
    seen: tuple[Seen, ...] = ()
    end_age: float | None = None
    version: str = ""
    proxier: str = ""

    def of(self, kind: Kind) -> Seen | None:
        """The lines of one kind."""
        return next((each for each in self.seen if each.kind is kind), None)

    def goes_on(self, kind: Kind, *, running: bool, patience: float = 150.0) -> bool:
        """Whether errors of a kind are not over: recent, with no later success, and more than a blip.

        running: whether the process still is; where it is not, its errors count if they stand at the end of its log.
        """
        bad = self.of(kind)
        if bad is None:
            return False
        cure = self.of(Kind.SYNCED if kind is Kind.MODE else Kind.LISTED)
        if bad.last_age is None:
            return cure is None
        if cure is not None and cure.last_age is not None and cure.last_age < bad.last_age:
            return False
        recent = bad.last_age - (0.0 if running else (self.end_age or 0.0)) <= patience
        lasted = (bad.since_age or 0.0) - bad.last_age
        return recent and (cure is None or not running or lasted >= BLIP)

    @property
    def sound(self) -> bool:
        """Whether lists came or rules were written, and no error goes on."""
        worked = self.of(Kind.LISTED) is not None or self.of(Kind.SYNCED) is not None
        return worked and not any(self.goes_on(kind, running=True) for kind in BAD)


def read(text: str, now: float) -> Reading:
    """What TEXT, the log of a kube-proxy with or without the kubelet's times, says. Never raises."""
    found: dict[Kind, Seen] = {}
    last: float | None = None
    count, version, proxier = 0, "", ""
    for entry in entries(text, now):
        count += 1
        last = entry.at if entry.at is not None else last
        if named := re.search(r'version="?(v\d+\.\d+[^" ]{0,40})', entry.text) if "Version" in entry.text else None:
            version = named[1]
        if used := re.search(r"Using (\w+) (?:Proxier|mode)", entry.text, re.IGNORECASE):
            proxier = used[1].lower()
        kind = classify(entry)
        if kind is not None:
            found[kind] = _grown(found.get(kind), kind, entry, now)
    end = None if last is None else max(0.0, round(now - last, 1))
    return Reading(lines=count, seen=tuple(found.values()), end_age=end, version=version, proxier=proxier)


def _grown(before: Seen | None, kind: Kind, entry: Entry, now: float) -> Seen:
    age = None if entry.at is None else max(0.0, round(now - entry.at, 1))
    refused = USER.search(entry.text)
    user, resources = (refused[1], (refused[3],)) if refused else ("", ())
    line = " ".join(entry.text.split())[:LONGEST_KEPT]
    if before is None:
        return Seen(
            kind=kind, count=1, first_age=age, since_age=age, last_age=age, line=line, user=user, resources=resources
        )
    paused = age is not None and before.last_age is not None and before.last_age - age > PAUSE
    more = tuple(r for r in resources if r not in before.resources)
    return replace(
        before,
        count=before.count + 1,
        since_age=age if paused or before.since_age is None else before.since_age,
        last_age=age if age is not None else before.last_age,
        line=line,
        user=user or before.user,
        resources=before.resources + more,
    )


def classify(entry: Entry) -> Kind | None:
    """What one record says; None where it says nothing of the work. Only errors and warnings can be bad."""
    if entry.severity not in "WEF":
        return next((kind for kind, words in GOOD if words.search(entry.text)), None)
    for kind, words in WORDS:
        if words.search(entry.text) and (kind is not Kind.TIMEOUT or TO_THE_API.search(entry.text)):
            return kind
    return None


def entries(text: str, now: float) -> Iterator[Entry]:
    """The records of a log. A line without a header belongs to the one before it (a panic, a trace)."""
    current: Entry | None = None
    for raw in text.splitlines():
        line = ESCAPE.sub("", raw[:LONGEST_LINE].replace("\0", ""))
        stamp = STAMP.match(line)
        at = ages.seconds(stamp[1]) if stamp else None
        started = _started(line[stamp.end() :] if stamp else line, at, now)
        if started is not None:
            if current is not None:
                yield current
            current = started
        elif current is not None and len(current.text) < LONGEST_LINE:
            # A Trace of an Info line may quote an error that is logged by itself as well.
            current = replace(current, text=f"{current.text}\n{line[stamp.end() :] if stamp else line}")
    if current is not None:
        yield current


def _started(line: str, at: float | None, now: float) -> Entry | None:
    """The record that a line starts; None for a continuation."""
    if header := HEADER.match(line):
        moment = at if at is not None else _klog_time(header, now)
        return Entry(severity=header[1], text=header[7], at=moment)
    if line.startswith("{"):
        return _json(line, at)
    if logrus := LOGRUS.match(line):
        severity = {"error": "E", "fatal": "F", "panic": "F", "warning": "W"}.get(logrus[2], "I")
        return Entry(severity=severity, text=logrus[3], at=at if at is not None else ages.seconds(logrus[1]))
    if line.startswith(("panic:", "fatal error:", "Error: ")):
        return Entry(severity="F", text=line, at=at)
    return None


def _klog_time(header: re.Match[str], now: float) -> float | None:
    """Klog leaves out the year: it is the one that puts the line into the past, at most a year ago."""
    year = datetime.fromtimestamp(now, UTC).year
    month, day, hour, minute, second = (int(header[n]) for n in range(2, 7))
    for guess in (year, year - 1):
        try:
            moment = datetime(guess, month, day, hour, minute, second, tzinfo=UTC).timestamp()
        except ValueError:
            continue
        if moment <= now + 86_400:
            return moment
    return None


def _json(line: str, at: float | None) -> Entry | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, Mapping):
        return None
    error = record.get("err") or record.get("error") or ""
    text = " ".join(str(part) for part in (record.get("msg") or "", error) if part)
    level = str(record.get("level") or ("error" if error else "info")).lower()
    severity = {"error": "E", "fatal": "F", "panic": "F", "warn": "W", "warning": "W"}.get(level, "I")
    return Entry(severity=severity, text=text, at=at if at is not None else _json_time(record.get("ts")))


def _json_time(ts: object) -> float | None:
    if isinstance(ts, str):
        return ages.seconds(ts)
    if isinstance(ts, bool) or not isinstance(ts, int | float):
        return None
    moment = ts / 1000 if ts >= ages.LATEST else float(ts)
    return moment if 0 <= moment < ages.LATEST else None
