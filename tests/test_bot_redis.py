"""The bot while its Redis is slow, hangs, refuses or is gone: people are answered in time, and never told a tale."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis import Redis

from bot import answers
from bot.deadline import Deadline
from contract.records import LIVE
from tests.running_bot import RunningBot, bot, running_bot

__all__ = ["bot"]


@contextmanager
def slow_road(redis_url: str, seconds: float) -> Iterator[str]:
    """The address of a way to Redis on which each answer comes so much later."""
    there = urlsplit(redis_url)
    closing = threading.Event()

    class Road(socketserver.BaseRequestHandler):
        """One connection to Redis, and a thread for its way back."""

        def handle(self) -> None:
            with socket.create_connection((str(there.hostname), int(there.port or 0))) as redis:
                back = threading.Thread(target=_carry, args=(redis, self.request, closing, seconds))
                back.start()
                _carry(self.request, redis, closing, 0.0)
                back.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Road) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"redis://127.0.0.1:{server.server_address[1]}/0"
        closing.set()
        server.shutdown()


def _carry(source: socket.socket, target: socket.socket, closing: threading.Event, seconds: float) -> None:
    """Pass on what comes until one end closes."""
    with contextlib.suppress(OSError):
        while held := source.recv(65536):
            closing.wait(seconds)
            target.sendall(held)
        target.shutdown(socket.SHUT_WR)


def ask_at_once(bot: RunningBot, count: int) -> list[tuple[int, str]]:
    """Status and text of so many commands at the same time."""

    def one(number: int) -> tuple[int, str]:
        answer = bot.command("cluster-a", user_id=f"U{number}")
        return answer.status, answer.text

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_redis_gone(tmp_path: Path, unused_port: int) -> None:
    """Everybody is told at once that nothing was started, and what needs no Redis still works."""
    with running_bot(tmp_path, f"redis://127.0.0.1:{unused_port}/0") as bot:
        answered = ask_at_once(bot, 50)
        others = [bot.command(text).status for text in ("help", "list", "no-such", "--x")]
        denied = bot.command("no-such").text

    assert {(200, answers.NOT_QUEUED.text)} == set(answered)
    assert [200] * 4 == others
    assert denied.startswith(":no_entry: `no-such` is not a cluster that you can check in this channel.")


def test_redis_hangs(tmp_path: Path, redis_url: str, redis: Redis) -> None:
    """A hundred at once are all answered, without its answer; and nothing was started."""
    with slow_road(redis_url, 60.0) as url, running_bot(tmp_path, url) as bot:
        answered = ask_at_once(bot, 100)

    assert {200} == {status for status, _ in answered}
    assert {text for _, text in answered} <= {answers.NOT_QUEUED.text, answers.TOO_SLOW.text}
    assert 0 == redis.zcard(LIVE)


def test_redis_a_bit_late_each_time(tmp_path: Path, redis_url: str) -> None:
    """Where every single answer is in time but their sum is not, people are answered before it is complete."""
    with slow_road(redis_url, 0.9) as url, running_bot(tmp_path, url) as bot:
        answered = ask_at_once(bot, 40)

    assert {200} == {status for status, _ in answered}
    assert {text for _, text in answered} <= {answers.NOT_QUEUED.text, answers.TOO_SLOW.text}


@pytest.mark.parametrize("name, value", [("maxmemory", "1mb"), ("min-replicas-to-write", "3")])
def test_redis_that_takes_no_writes(bot: RunningBot, redis: Redis, name: str, value: str) -> None:
    """A full Redis, or one that lost its replicas, is told like one that is gone, and works again afterwards."""
    before = dict(redis.config_get(name))
    redis.config_set(name, value)
    try:
        told = bot.command("cluster-a").text
    finally:
        redis.config_set(name, str(next(iter(before.values()))))
    live = redis.zcard(LIVE)
    after = bot.command("cluster-a").text

    assert answers.NOT_QUEUED.text == told
    assert 0 == live
    assert after.startswith(":hourglass_flowing_sand: Queued")


def test_work_that_hangs_is_not_waited_for() -> None:
    """The deadline answers; who comes next is told at once, and what waited for its turn is never begun."""
    free, begun = threading.Event(), []
    deadline = Deadline(seconds=0.2, pause=60)

    def work(number: int) -> str:
        begun.append(number)
        free.wait(20)
        return "done"

    with ThreadPoolExecutor(30) as pool:
        told = list(pool.map(lambda number: deadline.within(lambda: work(number), "failed", "late"), range(30)))
    next_one = deadline.within(lambda: work(99), "failed", "late")
    free.set()
    deadline.close()

    assert {"failed", "late"} == set(told)
    assert len(begun) == told.count("late")
    assert "failed" == next_one
    assert 99 not in begun
