"""The bad input that is requests: whatever arrives over HTTP is turned away or answered, never with a 5xx or a trace."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from redis import Redis

from contract.records import LIVE
from sandbox.slack import signature
from tests.running_bot import SECRET, Answer, RunningBot, command_fields, running_bot

LINES = (Path(__file__).parent / "badinput" / "envelope.jsonl").read_text().splitlines()
ENTRIES = [pytest.param(entry, id=entry["what"]) for entry in map(json.loads, LINES)]


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory, redis_server_session: Any) -> Iterator[RunningBot]:
    """One bot for all of them, and nothing in Redis that others left there."""
    with Redis.from_url(redis_server_session.url) as redis:
        redis.flushall()
    with running_bot(tmp_path_factory.mktemp("bot"), redis_server_session.url) as running:
        yield running


def body_of(entry: dict[str, Any]) -> bytes:
    """The bytes that an entry stands for."""
    if "form" in entry:
        fields = command_fields("cluster-a") | entry["form"]
        return urlencode({key: value for key, value in fields.items() if value is not None}).encode()
    if "payload" in entry:
        return urlencode({"payload": json.dumps(entry["payload"])}).encode()
    if "event" in entry:
        return json.dumps(entry["event"]).encode()
    return bytes.fromhex(entry["raw_hex"]) if "raw_hex" in entry else str(entry["raw"]).encode()


def deliver(bot: RunningBot, entry: dict[str, Any]) -> Answer:
    """Send what an entry stands for."""
    body = body_of(entry)
    stamp = str(int(time.time()) + entry.get("skew", 0))
    headers = {"Content-Type": "application/json"} if "event" in entry else {}
    headers |= entry.get("headers", {})
    if "signature" in entry:
        right = signature(SECRET, stamp, body)
        others = {"upper": right.upper().replace("V0", "v0"), "other": signature(SECRET, stamp, body + b"&a=b")}
        headers["X-Slack-Signature"] = others.get(entry["signature"], entry["signature"])
    return bot.send(
        body,
        secret=entry.get("secret", SECRET),
        headers=headers,
        stamp=stamp,
        path=entry.get("path", "/slack/events"),
        method=entry.get("method", "POST"),
    )


@pytest.mark.parametrize("entry", ENTRIES)
def test_bad_requests_are_turned_away_or_answered(
    bot: RunningBot, redis_server_session: Any, entry: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Each gets the status that is written beside it; none starts anything, none leaves a trace in the log."""
    caplog.set_level(logging.INFO)
    answer = deliver(bot, entry["input"])
    expected = entry["expected"]
    with Redis.from_url(redis_server_session.url) as redis:
        live = redis.zcard(LIVE)

    assert expected["status"] == answer.status
    assert answer.text.startswith(expected["says"])
    assert 0 == live
    assert [] == [record.message for record in caplog.records if record.exc_info]
    assert [] == [record.message for record in caplog.records if SECRET in record.getMessage()]
