"""Acknowledging slash commands, 50 in flight: the bot as it is started in production, beside the floor."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

from redis import Redis

from sandbox import redis_server
from sandbox.slack import SlackServer, User, signature, typical_workspace

SECRET = "testing-signing-secret"
IN_FLIGHT = 50
ROUNDS = 20
WARM_UP = 2
GOAL = 2.0
_CLUSTERS = 200


def run() -> bool:
    """Print p50 and p99 of both, and whether the bot's p99 is within twice the floor's with none lost."""
    with tempfile.TemporaryDirectory() as folder, redis_server.start(folder=Path(folder)) as redis:
        client = Redis.from_url(redis.url)
        with _floor(redis.url) as floor_port, _bot(Path(folder), redis.url) as bot_port:
            floor, ours = _measure(client, floor_port, bot_port)
        client.close()
    ratio = ours[1] / floor[1]
    print(f"acknowledge a command, {IN_FLIGHT} in flight, {IN_FLIGHT * ROUNDS} commands each")  # noqa: T201
    for name, (middle, late, lost) in (("floor", floor), ("bot", ours)):
        print(f"  {name:6} p50 {middle:6.1f} ms   p99 {late:6.1f} ms   lost {lost}")  # noqa: T201
    good = ratio <= GOAL and not ours[2]
    print(f"  ratio of p99 {ratio:.2f} (goal: at most {GOAL}){'' if good else '  MISSED'}")  # noqa: T201
    return good


def _measure(redis: Redis, *ports: int) -> list[tuple[float, float, int]]:
    """Of each port: p50 and p99 in milliseconds, and how many were not answered. Bursts take turns: noise hits all."""
    taken: dict[int, list[tuple[float, bool]]] = {port: [] for port in ports}
    for number in range(WARM_UP + ROUNDS):
        for port in ports:
            redis.flushall()
            into: list[tuple[float, bool]] = []
            asyncio.run(_burst(port, number, into))
            taken[port] += into if number >= WARM_UP else []
    return [_figures(held) for held in taken.values()]


def _figures(taken: list[tuple[float, bool]]) -> tuple[float, float, int]:
    sorted_ms = sorted(1e3 * seconds for seconds, _ in taken)
    lost = sum(not answered for _, answered in taken)
    return sorted_ms[len(sorted_ms) // 2], sorted_ms[int(len(sorted_ms) * 0.99)], lost


async def _burst(port: int, number: int, into: list[tuple[float, bool]]) -> None:
    await asyncio.gather(*(_one(port, f"{number}.{place}", place, into) for place in range(IN_FLIGHT)))


async def _one(port: int, trigger: str, place: int, into: list[tuple[float, bool]]) -> None:
    """One signed command on a connection of its own, as Slack sends it."""
    body = urlencode(
        {
            "command": "/dns-check",
            "text": f"cluster-{place}",
            "user_id": f"U{place}",
            "team_id": "T0EXAMPLE",
            "channel_id": "C0INCIDENTS",
            "trigger_id": trigger,
        }
    ).encode()
    stamp = str(int(time.time()))
    head = (
        "POST /slack/events HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"X-Slack-Request-Timestamp: {stamp}\r\nX-Slack-Signature: {signature(SECRET, stamp, body)}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    start = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head.encode() + body)
    answer = await reader.read()
    into.append((time.perf_counter() - start, answer.startswith(b"HTTP/1.1 200") and b"Queued" in answer))
    writer.close()


@contextmanager
def _floor(redis_url: str) -> Iterator[int]:
    """The floor's server; its port."""
    command = [sys.executable, "-m", "tests.bench.ack_floor", SECRET, redis_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


@contextmanager
def _bot(folder: Path, redis_url: str) -> Iterator[int]:
    """`dnsmedic bot` as a process, with a pretend Slack that says who we are and who asks; its port."""
    clusters = folder / "clusters.yaml"
    clusters.write_text(
        "clusters:\n" + "".join(f"  cluster-{number}: {{region: us-east-1}}\n" for number in range(_CLUSTERS))
    )
    people = tuple(User(id=f"U{place}", name=f"user-{place}") for place in range(IN_FLIGHT))
    workspace = typical_workspace()
    with SlackServer(replace(workspace, users=workspace.users + people)) as slack:
        port = _free_port()
        settings = {
            "SLACK_BOT_TOKEN": "xoxb-test",
            "SLACK_SIGNING_SECRET": SECRET,
            "SLACK_API_URL": slack.url,
            "REDIS_URL": redis_url,
            "DNSMEDIC_CLUSTERS": str(clusters),
            "DNSMEDIC_HTTP": f"127.0.0.1:{port}",
            "DNSMEDIC_LOG": "WARNING",
        }
        command = [sys.executable, "-m", "dnsmedic", "bot"]
        with subprocess.Popen(command, env={**os.environ, **settings}) as process:
            try:
                _wait_for(port)
                yield port
            finally:
                process.terminate()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _wait_for(port: int) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("the bot does not listen")
