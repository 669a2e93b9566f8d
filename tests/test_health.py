"""/metrics, /live and /ready tell the truth, with Redis down as well."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from redis import Redis

from contract.connection import connect
from contract.health import HealthServer, registry
from contract.model import Question
from contract.runs import Runs
from tests import spine


@contextmanager
def health(client: Redis, *, ready: bool = True) -> Iterator[HealthServer]:
    """A server at a free port."""
    server = HealthServer("127.0.0.1:0", registry(client), lambda: ready)
    try:
        yield server
    finally:
        server.close()


def get(server: HealthServer, path: str) -> tuple[int, str]:
    """Status and body."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as problem:
        with problem:
            return problem.code, problem.read().decode()


def test_what_waits_is_counted(redis: Redis) -> None:
    """Runs by state, jobs, posts, and that Redis is up."""
    Runs(redis, spine.KEY).ask(Question(cluster="a"), user="U0ALICE", team=spine.TEAM, channel=spine.CHANNEL)
    with health(redis) as server:
        status, body = get(server, "/metrics")
    expected = [
        'dnsmedic_runs{state="queued"} 1.0',
        "dnsmedic_jobs_queued 1.0",
        "dnsmedic_redis_up 1.0",
        "dnsmedic_posts_unsent 0.0",
    ]

    assert 200 == status
    assert [] == [line for line in expected if line not in body.splitlines()]


def test_metrics_say_that_redis_is_down() -> None:
    """The page is there all the same, and so is /live."""
    with health(connect("redis://127.0.0.1:1/0")) as server:
        (status, body), (live, _) = get(server, "/metrics"), get(server, "/live")

    assert (200, 200) == (status, live)
    assert "dnsmedic_redis_up 0.0" in body.splitlines()


@pytest.mark.parametrize("ready, status", [(True, 200), (False, 503)])
def test_ready_is_what_the_process_says(redis: Redis, *, ready: bool, status: int) -> None:
    """Whoever sends traffic here looks at the status."""
    with health(redis, ready=ready) as server:
        assert status == get(server, "/ready")[0]


def test_there_is_nothing_else(redis: Redis) -> None:
    """Another path is not found."""
    with health(redis) as server:
        assert 404 == get(server, "/")[0]
