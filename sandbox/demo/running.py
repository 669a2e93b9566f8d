"""The demo as a block: everything runs inside it, and nothing is left after it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from contract.refusal import Refused
from sandbox.demo.aws_front import AwsFront
from sandbox.demo.clock import MovableClock
from sandbox.demo.clusters import HEALTHY, NAMES, PretendCluster, write_file
from sandbox.demo.controls import Controls
from sandbox.demo.leash import Leash, own_folder
from sandbox.demo.processes import Process
from sandbox.demo.redis_switch import RedisSwitch
from sandbox.demo.troubles import TroubleSwitches
from sandbox.demo.warming import warm
from sandbox.demo.workspace import APP_TOKEN, BOT_TOKEN, greet, workspace
from sandbox.slack import SlackServer
from sandbox.web import PageServer

SECONDS_TO_START = 90.0
PARTS = ("bot", "worker", "scheduler")
"""The product's own processes."""

_MOST_RESTARTS = 2
Say = Callable[[str], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """A running demo. url: of its page. folder: where all its files are."""

    url: str
    controls: Controls
    folder: Path


@contextmanager
def running(port: int, say: Say, opened: Callable[[str], object] = lambda _: None) -> Iterator[Demo]:
    """Start everything, and end it with the block. port: of the page. say: is told what is being started.

    opened: is told the page's address as soon as everything can be used; what begins after that only saves those time
    who use it first, and the block begins once it is done. Raises Refused where something does not start.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(own_folder())
        leash = Leash(folder)
        stack.callback(leash.end)
        redis = _redis(stack, folder, leash, say)
        slack = stack.enter_context(SlackServer(workspace()))
        say("Slack, a pretend one           ready")
        clusters = [PretendCluster(name, folder) for name in NAMES]
        for each in clusters:
            stack.callback(each.close)
        front = AwsFront(clusters)
        stack.callback(front.close)
        write_file(clusters, folder / "clusters.yaml")
        clock = MovableClock(folder)
        processes = _processes(stack, _environment(redis, slack, front, folder), folder, leash, clock)
        controls = Controls(slack, clusters, processes, redis, TroubleSwitches(slack), clock)
        _start(clusters, say)
        greet(slack)
        with ThreadPoolExecutor(1, thread_name_prefix="demo warms") as pool:
            warming = pool.submit(warm, clusters[0])
            _until_ready(controls, say)
            page = stack.enter_context(_page(controls, port))
            opened(page.url)
            warming.result()
        yield Demo(url=page.url, controls=controls, folder=folder)


def _redis(stack: ExitStack, folder: Path, leash: Leash, say: Say) -> RedisSwitch:
    redis = RedisSwitch(folder / "redis", leash)
    stack.callback(redis.stop)
    try:
        redis.start()
    except (FileNotFoundError, RuntimeError) as problem:
        raise Refused(f"The demo needs a Redis, and {problem}") from problem
    say("Redis, a real one              ready")
    return redis


def _environment(redis: RedisSwitch, slack: SlackServer, front: AwsFront, folder: Path) -> dict[str, str]:
    """What leads the product to the pretend world, and nowhere else."""
    return {
        "SLACK_API_URL": slack.url,
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_APP_TOKEN": APP_TOKEN,
        "REDIS_URL": redis.url,
        "DNSMEDIC_CLUSTERS": str(folder / "clusters.yaml"),
        "DNSMEDIC_KEY": "testing-testing-testing",
        "AWS_ENDPOINT_URL": front.url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(folder / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "*",
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(folder),
    }


def _processes(
    stack: ExitStack, environment: dict[str, str], folder: Path, leash: Leash, clock: MovableClock
) -> dict[str, Process]:
    made: dict[str, Process] = {}

    def end() -> None:
        for each in made.values():
            each.ask_to_end()
        for each in made.values():
            each.end()

    stack.callback(end)
    for name in PARTS:
        made[name] = Process(name, environment, folder, leash, clock.file if name == "scheduler" else None)
    return made


def _start(clusters: Sequence[PretendCluster], say: Say) -> None:
    for each in clusters:
        each.enter(HEALTHY)
        say(f"{each.name}, a pretend one       ready: {each.world.title}")


def _page(controls: Controls, port: int) -> PageServer:
    try:
        return PageServer(controls, port)
    except OSError as problem:
        raise Refused(f"Port {port} was taken while the demo started. Try again.") from problem


def _until_ready(controls: Controls, say: Say) -> None:
    """Wait until the product's own processes are at work. Raises Refused with the end of the log of one that is not."""
    waiting: dict[str, Callable[[], bool]] = {
        "bot": lambda: controls.slack.socket_mode.connections > 0,
        "worker": lambda: _has_worker(controls.redis),
        "scheduler": lambda: _has_looked(controls.redis),
    }
    give_up = time.monotonic() + SECONDS_TO_START
    while waiting:
        for name in [name for name, is_ready in waiting.items() if is_ready()]:
            del waiting[name]
            say(f"dnsmedic {name:<21} ready")
        for name in waiting:
            process = controls.processes[name]
            if process.restarts > _MOST_RESTARTS or time.monotonic() > give_up:
                raise Refused(f"`dnsmedic {name}` did not start. The end of its log:\n{process.last_words()}")
        time.sleep(0.05)


def _has_worker(redis: RedisSwitch) -> bool:
    return _known(redis, lambda client: client.scard("rq:workers"))


def _has_looked(redis: RedisSwitch) -> bool:
    """Whether a scheduler knows the schedule: what was due before that is none of its business."""
    return _known(redis, lambda client: any(True for _ in client.scan_iter("schedule:*", count=1000)))


def _known(redis: RedisSwitch, look: Callable[[Redis], object]) -> bool:
    with Redis.from_url(redis.url, socket_timeout=1) as client:
        try:
            return bool(look(client))
        except RedisError:
            return False
