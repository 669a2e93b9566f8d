"""`dnsmedic doctor`: is everything in place, and where it is not, the exact grant or setting that is missing."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rich.console import Console
from rich.markup import escape

from contract.clusters import ClusterEntry, Schedule
from contract.model import Question
from contract.refusal import Refused
from workers.cluster import CannotRead, Cluster, open_cluster
from workers.verdict.report import new_run

from .targets import clusters_file

if TYPE_CHECKING:
    from slack_sdk import WebClient

NEEDED_SCOPES = frozenset({"commands", "chat:write", "app_mentions:read", "files:write", "users:read", "usergroups:read",
                           "channels:read", "groups:read"})  # fmt: skip

LOOKED_SECONDS = 120.0
"""A scheduler notes every half a minute that it looked."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at. good: None where it is not set up and need not be."""

    good: bool | None
    what: str
    fix: str = ""


def doctor() -> int:
    """Look at Redis, Slack, clusters and schedules; print what is missing. Status: 0 all well, 1 something is missing."""
    console = Console(highlight=False)
    bad = 0
    for line in (*_redis(), *_slack(), *_clusters(), *_schedules()):
        mark = {True: "[green]✓ ok     [/]", False: "[red]✗ missing[/]", None: "[dim]- not set[/]"}[line.good]
        console.print(f"{mark} {escape(line.what)}", soft_wrap=True)
        if line.fix:
            console.print(f"            {escape(line.fix)}", soft_wrap=True)
        bad += line.good is False
    console.print(f"\n{'Everything is in place.' if not bad else f'{bad} things are missing.'}")
    return 1 if bad else 0


def _redis() -> Iterator[Line]:
    url = os.environ.get("REDIS_URL", "").strip()
    if not url:
        yield Line(None, "Redis (the bot and the workers need it; `dnsmedic check` does not)", "set REDIS_URL")
        return
    import redis  # noqa: PLC0415 - `check` must not pay for it

    place = urlsplit(url).hostname or "its socket"
    try:
        client = redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
        client.ping()
        info = client.info()
        policy = client.config_get("maxmemory-policy").get("maxmemory-policy", "")
    except (redis.RedisError, ValueError) as problem:
        yield Line(False, f"Redis at {place}: {type(problem).__name__}", "start it, or mend REDIS_URL")
        return
    yield Line(True, f"Redis {info.get('redis_version', '')} at {place} answers")
    lasting = bool(info.get("aof_enabled"))
    yield Line(
        lasting, "Redis keeps a log of its writes (AOF)", "" if lasting else "redis-cli config set appendonly yes"
    )
    keeps = policy in ("noeviction", "")
    yield Line(keeps, f"Redis throws nothing away when it is full ({policy or 'policy not readable'})",
               "" if keeps else "redis-cli config set maxmemory-policy noeviction")  # fmt: skip


def _slack() -> Iterator[Line]:
    token = os.environ.get("SLACK_BOT_TOKEN", "").strip()
    if not token:
        yield Line(None, "Slack (the bot and the workers need it; `dnsmedic check` does not)", "set SLACK_BOT_TOKEN")
        return
    from slack_sdk.errors import SlackApiError  # noqa: PLC0415 - `check` must not pay for it

    try:
        answer = _client(token).auth_test()
    except SlackApiError as problem:
        yield Line(False, f"Slack refuses the token: {problem.response.get('error', 'no reason given')}",
                   "install the app anew and set SLACK_BOT_TOKEN")  # fmt: skip
        return
    except OSError as problem:
        yield Line(
            False,
            f"Slack cannot be reached from here: {type(problem).__name__}",
            "look at this machine's network and DNS",
        )
        return
    yield Line(True, f"Slack knows the bot as {answer.get('user')} in {answer.get('team')}")
    given = {scope.strip() for scope in str(answer.headers.get("x-oauth-scopes", "")).split(",") if scope.strip()}
    missing = sorted(NEEDED_SCOPES - given) if given else []
    yield Line(not missing, "Slack grants the scopes that are needed" if not missing else f"Slack scopes missing: {missing}",
               "add them in the app's settings and install it anew" if missing else "")  # fmt: skip
    way = "SLACK_APP_TOKEN" if os.environ.get("SLACK_APP_TOKEN") else "SLACK_SIGNING_SECRET"
    there = bool(os.environ.get(way, "").strip())
    yield Line(there, f"requests come in through {'Socket Mode' if way.endswith('TOKEN') else 'HTTP'}",
               "" if there else "set SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP)")  # fmt: skip


def _client(token: str) -> WebClient:
    from slack_sdk import WebClient  # noqa: PLC0415 - as above

    base = os.environ.get("SLACK_API_URL", "").strip() or "https://slack.com/api/"
    return WebClient(token=token, base_url=base if base.endswith("/") else f"{base}/", timeout=10)


def _schedules() -> Iterator[Line]:
    """Whether each report can be posted, and whether somebody begins it; nothing where that cannot be looked at."""
    try:
        schedules = clusters_file().schedules
    except Refused:
        return  # told above
    for one in schedules:
        what = f"the report at {one.at} {one.timezone} into {one.channel}"
        yield from _postable(one, what)
        yield from _looked_after(one, what)


def _postable(schedule: Schedule, what: str) -> Iterator[Line]:
    token = os.environ.get("SLACK_BOT_TOKEN", "").strip()
    if not token:
        return
    from slack_sdk.errors import SlackApiError  # noqa: PLC0415 - as above

    invite = "/invite @dnsmedic in that channel"
    try:
        found = _client(token).conversations_info(channel=schedule.channel)["channel"]
    except SlackApiError as problem:
        yield Line(False, f"{what}: Slack says {problem.response.get('error', 'no')} of the channel", invite)
        return
    except OSError:
        return  # told above
    there = bool((found or {}).get("is_member"))
    yield Line(there, f"{what}: the bot is {'' if there else 'not '}in the channel", "" if there else invite)


def _looked_after(schedule: Schedule, what: str) -> Iterator[Line]:
    url = os.environ.get("REDIS_URL", "").strip()
    if not url:
        return
    import redis  # noqa: PLC0415 - as above

    from contract.health_reports import HealthReports, identity  # noqa: PLC0415 - as above

    try:
        with redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as client:
            seen = HealthReports(client).diary(identity(schedule)).seen
    except (redis.RedisError, ValueError):
        return  # told above
    fresh = time.time() - seen < LOOKED_SECONDS
    yield Line(fresh, f"{what}: {'a scheduler looks after it' if fresh else 'no scheduler looks after it'}",
               "" if fresh else "start `dnsmedic scheduler`")  # fmt: skip


def _clusters() -> Iterator[Line]:
    try:
        known = clusters_file()
    except Refused as problem:
        yield Line(False, f"the clusters file: {problem}", "")
        return
    for entry in known.entries.values():
        yield from _cluster(entry)


def _cluster(entry: ClusterEntry) -> Iterator[Line]:
    run = new_run()
    try:
        with open_cluster(entry, Question(cluster=entry.name), run=run, asked_by="doctor") as cluster:
            yield Line(True, f"{entry.name}: signed in, Kubernetes {'.'.join(map(str, cluster.version()))}")
            yield from _rights(entry, cluster)
    except CannotRead as problem:
        yield Line(False, f"{entry.name}: {problem}", problem.grant)


def _rights(entry: ClusterEntry, cluster: Cluster) -> Iterator[Line]:
    missing = cluster.missing_rights(entry.app_namespaces)
    for what, grant in missing:
        yield Line(False, f"{entry.name}: may not {what}", grant)
    if not missing:
        yield Line(True, f"{entry.name}: every right that the checks use is there")
