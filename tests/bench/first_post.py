"""From a question in Redis to its first post in Slack, beside what rq itself takes to fork a job."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from redis import Redis
from rq import Queue, Worker
from rq.serializers import JSONSerializer

from contract.connection import connect
from contract.model import Question
from contract.runs import Runs
from contract.signing import Key
from sandbox import redis_server
from sandbox.slack import Channel, SlackServer, Workspace, typical_workspace

ROUNDS = 20
WARM_UP = 2
GOAL = 25.0
_KEY = "testing-testing-testing"
_BEGAN = "bench:began"
_SECONDS = 30.0


def run() -> bool:
    """Print the medians and the worst of both, and whether the difference of the medians is within the goal."""
    with tempfile.TemporaryDirectory() as folder, redis_server.start(folder=Path(folder)) as redis:
        client = connect(redis.url)
        with SlackServer(_workspace()) as slack, _floor(redis.url), _worker(Path(folder), redis.url, slack.url):
            floor, ours = _measure(client, redis.url, slack)
        client.close()
    more = statistics.median(ours) - statistics.median(floor)
    print(f"from a question to the first post, {ROUNDS} of each")  # noqa: T201
    for name, taken in (("rq, a forked job begins", floor), ("dnsmedic, Slack has the post", ours)):
        print(f"  {name:30} median {statistics.median(taken):6.1f} ms   worst {max(taken):6.1f} ms")  # noqa: T201
    good = more <= GOAL
    print(f"  above rq {more:.1f} ms (goal: at most {GOAL}){'' if good else '  MISSED'}")  # noqa: T201
    return good


def stamp() -> None:
    """The job of the floor: say when it began."""
    client = Redis.from_url(os.environ["BENCH_REDIS"])
    client.rpush(_BEGAN, repr(time.time()))
    client.close()


def _measure(client: Redis, url: str, slack: SlackServer) -> tuple[list[float], list[float]]:
    """Milliseconds of each; they take turns, so that noise hits both."""
    queue = Queue("floor", connection=Redis.from_url(url), serializer=JSONSerializer)
    runs = Runs(client, Key.of(_KEY, ""))
    floor, ours = [], []
    for number in range(WARM_UP + ROUNDS):
        began = time.time()
        queue.enqueue_call(f"{stamp.__module__}.{stamp.__qualname__}", result_ttl=0)
        floor.append(1e3 * (_stamped(client) - began))
        began = time.time()
        asked = runs.ask(
            Question(cluster=f"cluster-{number}"), user="U0ALICE", team="T0EXAMPLE", channel=_channel(number)
        )
        slack.api.wait_for(partial(slack.api.posts, _channel(number)), _SECONDS)
        ours.append(1e3 * (slack.api.calls("chat.postMessage")[-1].at - began))
        _wait_for_end(runs, asked.run)
    return floor[WARM_UP:], ours[WARM_UP:]


def _stamped(client: Redis) -> float:
    found = client.blpop([_BEGAN], timeout=_SECONDS)
    if not isinstance(found, tuple):
        raise TimeoutError("the floor's job did not begin")
    return float(found[1])


def _wait_for_end(runs: Runs, run: str) -> None:
    """Until nothing is left to be done of a run, so that the next meets a worker that waits."""
    give_up = time.monotonic() + _SECONDS
    while runs.redis.zscore("live", run) is not None or runs.redis.exists(f"lease:{run}"):
        if time.monotonic() > give_up:
            raise TimeoutError(f"{run} did not end")
        time.sleep(0.05)


def _channel(number: int) -> str:
    """A channel for each run: Slack takes one post a second in each."""
    return f"C0BENCH{number}"


def _workspace() -> Workspace:
    usual = typical_workspace()
    members = ("U0ALICE", usual.app.bot_user)
    channels = [Channel(id=_channel(n), name=f"bench-{n}", members=members) for n in range(WARM_UP + ROUNDS)]
    return replace(usual, channels=(*usual.channels, *channels))


@contextmanager
def _floor(redis_url: str) -> Iterator[None]:
    """A plain rq worker that forks for each job and has imported what the job needs."""
    with _process([sys.executable, "-m", __name__, redis_url], {"BENCH_REDIS": redis_url}):
        yield


@contextmanager
def _worker(folder: Path, redis_url: str, slack_url: str) -> Iterator[None]:
    """`dnsmedic worker` as it is started in production; nobody gets into its clusters, which ends each run at once."""
    clusters = folder / "clusters.yaml"
    lines = [f"  cluster-{n}: {{kubeconfig: {folder}/none, context: none}}\n" for n in range(WARM_UP + ROUNDS)]
    clusters.write_text("clusters:\n" + "".join(lines))
    settings = {
        "SLACK_BOT_TOKEN": "xoxb-test",
        "SLACK_API_URL": slack_url,
        "REDIS_URL": redis_url,
        "DNSMEDIC_CLUSTERS": str(clusters),
        "DNSMEDIC_KEY": _KEY,
        "DNSMEDIC_LOG": "ERROR",
    }
    with _process([sys.executable, "-m", "dnsmedic", "worker"], settings):
        yield


@contextmanager
def _process(command: list[str], settings: dict[str, str]) -> Iterator[None]:
    with subprocess.Popen(command, env={**os.environ, **settings}) as process:
        try:
            yield
        finally:
            process.terminate()


def _serve(redis_url: str) -> None:
    client = Redis.from_url(redis_url)
    queue = Queue("floor", connection=client, serializer=JSONSerializer)
    Worker([queue], connection=client, serializer=JSONSerializer).work(logging_level="ERROR")


if __name__ == "__main__":
    _serve(sys.argv[1])
