"""`dnsmedic doctor` about schedules: whether each report can be posted, and whether somebody begins it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from contract.clusters import Schedule
from contract.health_reports import HealthReports, identity
from sandbox.slack import SlackServer, typical_workspace
from workers.terminal.doctor import _schedules

FILE = """
clusters:
  cluster-a: {region: us-east-1}
schedules:
  - {kind: health, at: "09:00", timezone: Europe/Paris, channel: C0HEALTH}
  - {kind: health, at: "10:00", timezone: UTC, channel: C0NOWHERE}
"""
FIRST = Schedule(kind="health", at="09:00", timezone="Europe/Paris", channel="C0HEALTH")


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, redis_url: str) -> Iterator[SlackServer]:
    """A pretend Slack, and the settings that lead to it, to Redis and to a clusters file with two schedules."""
    path = tmp_path / "clusters.yaml"
    path.write_text(FILE)
    with SlackServer(typical_workspace()) as server:
        given = {
            "SLACK_API_URL": server.url.rstrip("/"),
            "SLACK_BOT_TOKEN": "xoxb-test",
            "REDIS_URL": redis_url,
            "DNSMEDIC_CLUSTERS": str(path),
        }
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        yield server


def test_it_says_whether_reports_can_be_posted_and_are_begun(slack: SlackServer, redis: Redis) -> None:
    """One whose channel has the bot and that a scheduler looks after, one of neither: each with what is to be done."""
    assert slack.url
    reports = HealthReports(redis)
    reports.look(identity(FIRST), reports.diary(identity(FIRST)), time.time() - 40)

    assert [
        (True, "the report at 09:00 Europe/Paris into C0HEALTH: the bot is in the channel", ""),
        (True, "the report at 09:00 Europe/Paris into C0HEALTH: a scheduler looks after it", ""),
        (
            False,
            "the report at 10:00 UTC into C0NOWHERE: Slack says channel_not_found of the channel",
            "/invite @dnsmedic in that channel",
        ),
        (False, "the report at 10:00 UTC into C0NOWHERE: no scheduler looks after it", "start `dnsmedic scheduler`"),
    ] == [(line.good, line.what, line.fix) for line in _schedules()]


def test_a_scheduler_that_is_gone_is_missed(slack: SlackServer, redis: Redis) -> None:
    """One that looked five minutes ago is none."""
    assert slack.url
    reports = HealthReports(redis)
    reports.look(identity(FIRST), reports.diary(identity(FIRST)), time.time() - 300)

    assert (False, "start `dnsmedic scheduler`") == [(line.good, line.fix) for line in _schedules()][1]


def test_without_settings_it_says_nothing_twice(slack: SlackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis and Slack that are not set or not there are told elsewhere; so is a clusters file that is no good."""
    assert slack.url
    monkeypatch.setenv("SLACK_API_URL", "http://127.0.0.1:1/api/")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    assert [] == list(_schedules())
    monkeypatch.setenv("DNSMEDIC_CLUSTERS", "/nowhere/clusters.yaml")
    assert [] == list(_schedules())
