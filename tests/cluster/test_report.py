"""The daily report about the real cluster, begun by a real scheduler, and the same asked for in Slack."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from redis import Redis

from contract.clusters import Schedule
from contract.health_reports import HealthReports, identity

from .faults import Box, inject
from .product import Product, running, stopped_after

HEALTH = "C0HEALTH"
FAULT = "coredns-scaled-to-zero"


@pytest.fixture
def product(clusters: Path, tmp_path: Path) -> Iterator[Product]:
    """The product with two schedulers, and a report that was due a moment ago: both are a little late for it."""
    due = datetime.now(UTC).replace(second=0, microsecond=0)
    schedule = Schedule(kind="health", at=f"{due:%H:%M}", timezone="UTC", channel=HEALTH)
    file = tmp_path / "clusters.yaml"
    daily = {"kind": "health", "at": schedule.at, "timezone": "UTC", "channel": HEALTH, "clusters": "all"}
    file.write_text(yaml.safe_dump({**yaml.safe_load(clusters.read_text()), "schedules": [daily]}))
    with ExitStack() as stack:
        made = stack.enter_context(running(tmp_path / "product", file, socket_mode=False))
        with Redis.from_url(made.environment["REDIS_URL"]) as redis:
            reports = HealthReports(redis)
            reports.look(
                identity(schedule), reports.diary(identity(schedule)), (due - timedelta(minutes=1)).timestamp()
            )
        for _ in range(2):
            stack.enter_context(stopped_after(made.process("scheduler")))
        yield made


def rows(blocks: list[dict[str, Any]]) -> list[list[str]]:
    """The cells of a message's table."""
    table = next(block for block in blocks if block["type"] == "table")
    return [[cell["text"] for cell in row] for row in table["rows"]]


def test_the_report_of_a_schedule_and_the_same_when_asked(product: Product, the_box: Box) -> None:
    """Healthy at its time, once for two schedulers, and measured; with a fault, the next report names it in its thread."""
    product.until(lambda: product.slack.api.posts(HEALTH))
    (daily,) = product.slack.api.posts(HEALTH)
    cluster, status, p95, _ = rows(daily.blocks)[1]
    assert ("cluster-a", "\N{LARGE GREEN CIRCLE} healthy") == (cluster, status)
    assert p95.endswith(" ms")
    assert [] == product.slack.api.replies(HEALTH, daily.ts)

    fault = next(one for one in the_box.faults() if one.name == FAULT)
    try:
        inject(the_box, fault)
        told = product.slack.command("U0ALICE", HEALTH, "/dns-health", "cluster-a")
        product.until(lambda: product.slack.api.posts(HEALTH)[1:])
        product.until(lambda: product.slack.api.replies(HEALTH, product.slack.api.posts(HEALTH)[1].ts))
    finally:
        the_box.heal(fault)
    asked = product.slack.api.posts(HEALTH)[1]
    (reply,) = product.slack.api.replies(HEALTH, asked.ts)

    assert "Looking at `cluster-a`" in told.body["text"]
    assert "\N{LARGE RED CIRCLE} 1 problem" == rows(asked.blocks)[1][1]
    assert reply.text.startswith("Problem")
    assert FAULT in str(reply.blocks)
    assert [] == product.refused()
    assert "Traceback" not in product.logs()
