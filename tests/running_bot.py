"""A whole bot on loopback: a pretend Slack before it, a real Redis behind it, a real HTTP server in between."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from redis import Redis

from bot.app import BotApp, build_app, door
from bot.deadline import REDIS_SECONDS
from bot.http import HttpServer
from bot.settings import Settings
from contract.clusters import ClustersFile
from contract.connection import connect
from contract.runs import Runs
from sandbox.slack import SlackServer, User, Workspace, signature, typical_workspace

SECRET = "testing-signing-secret"
OLD_SECRET = "testing-secret-before"
TEAM = "T0EXAMPLE"
CLUSTERS = """\
clusters:
  cluster-a: {region: us-east-1, channels: [C0INCIDENTS], approvers: [U0BOB]}
  cluster-b: {region: eu-west-1, channels: [C0INCIDENTS, C0HEALTH]}
  cluster-prod: {region: eu-west-1, channels: [G0SECRET]}
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back over HTTP."""

    status: int
    body: str

    @property
    def text(self) -> str:
        """The text of an ephemeral answer."""
        return str(json.loads(self.body).get("text", "")) if self.body.startswith("{") else self.body


@dataclass(frozen=True, slots=True)
class RunningBot:
    """The bot, and how Slack reaches it."""

    slack: SlackServer
    runs: Runs
    app: BotApp
    port: int

    def send(
        self,
        body: bytes | str,
        *,
        secret: str = SECRET,
        headers: Mapping[str, str] | None = None,
        stamp: str = "",
        path: str = "/slack/events",
        method: str = "POST",
    ) -> Answer:
        """Send bytes, signed as Slack signs; `headers` replace or (where empty) take away."""
        raw = body.encode() if isinstance(body, str) else body
        stamp = stamp or str(int(time.time()))
        made = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": signature(secret, stamp, raw),
        }
        made |= dict(headers or {})
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in made.items():
                if value:
                    connection.putheader(name, value.encode("utf-8"))
            connection.putheader("Content-Length", str(len(raw)))
            with contextlib.suppress(BrokenPipeError):  # turned away before all of it was sent
                connection.endheaders(raw)
            response = connection.getresponse()
            return Answer(response.status, response.read().decode())
        finally:
            connection.close()

    def command(self, text: str, **fields: str) -> Answer:
        """Send a signed slash command."""
        return self.send(urlencode(command_fields(text) | fields))

    def interaction(self, payload: object) -> Answer:
        """Send a signed interaction."""
        return self.send(urlencode({"payload": json.dumps(payload)}))

    def event(self, payload: object) -> Answer:
        """Send a signed event."""
        return self.send(json.dumps(payload), headers={"Content-Type": "application/json"})


_number = iter(range(10**9))


def command_fields(text: str) -> dict[str, str]:
    """The fields of a slash command, with a trigger of its own."""
    return {
        "command": "/dns-check",
        "text": text,
        "user_id": "U0ALICE",
        "team_id": TEAM,
        "channel_id": "C0INCIDENTS",
        "trigger_id": f"trigger.{next(_number)}",
        "response_url": "https://hooks.slack.com.evil.example/commands/1",
    }


def settings_for(slack_url: str, redis_url: str, **more: str) -> Settings:
    """Settings as a deployment would have them."""
    return Settings.from_env(
        {
            "SLACK_BOT_TOKEN": "xoxb-test",
            "SLACK_SIGNING_SECRET": f"{SECRET},{OLD_SECRET}",
            "SLACK_API_URL": slack_url,
            "REDIS_URL": redis_url,
            **more,
        }
    )


def workspace() -> Workspace:
    """The usual workspace, with a hundred more people in it: U0 to U99."""
    usual = typical_workspace()
    return replace(
        usual, users=usual.users + tuple(User(id=f"U{number}", name=f"user-{number}") for number in range(100))
    )


@contextmanager
def running_bot(folder: Path, redis_url: str, clusters: str = CLUSTERS, **more: Any) -> Iterator[RunningBot]:
    """A bot that listens; `redis_url` may be of a Redis that is gone or slow. more: for `SlackServer`."""
    path = folder / "clusters.yaml"
    path.write_text(clusters)
    with SlackServer(workspace(), **more) as slack:
        settings = settings_for(slack.url, redis_url)
        runs = Runs(connect(redis_url, timeout=REDIS_SECONDS), settings.key)
        app = build_app(settings, runs, ClustersFile(path))
        server = HttpServer(door(app, settings), ("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        slack.deliver_to(f"http://127.0.0.1:{server.port}/slack/events")
        assert app.workspace.home().team
        try:
            yield RunningBot(slack, runs, app, server.port)
        finally:
            server.stop()
            thread.join(10)
            app.close()
            runs.redis.close()


@pytest.fixture
def bot(tmp_path: Path, redis_url: str) -> Iterator[RunningBot]:
    """A bot with everything in order."""
    with running_bot(tmp_path, redis_url) as running:
        yield running


def keys(redis: Redis, pattern: str) -> int:
    """How many keys Redis holds of a pattern."""
    return sum(1 for _ in redis.scan_iter(pattern))
