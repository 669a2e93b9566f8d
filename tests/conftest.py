"""What every test may ask for: a real redis-server, and settings that let no test reach outside this machine."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest
from hypothesis import settings
from redis import Redis

from sandbox import redis_server

# The same examples on every run, and no time is ever asserted.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")

_OUTSIDE = ("SLACK_", "AWS_", "DNSMEDIC_", "KUBECONFIG", "KUBERNETES_", "REDIS_URL")


@pytest.fixture(autouse=True)
def _no_outside(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the settings of whoever runs the tests, and AWS's own sources of them, from all but tests/cluster."""
    if request.node.get_closest_marker("cluster"):
        return
    for name in [name for name in os.environ if name.startswith(_OUTSIDE)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")


@pytest.fixture(scope="session")
def redis_server_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis_server.RedisServer]:
    """One redis-server for all tests of this process."""
    with redis_server.start(folder=tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis_url(redis_server_session: redis_server.RedisServer) -> str:
    """The address of a real, empty redis-server."""
    with Redis.from_url(redis_server_session.url) as client:
        client.flushall()
    return redis_server_session.url


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    """A client of a real, empty redis-server; it answers in bytes."""
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def unused_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
