"""The whole product as processes: a real redis-server, the bot and a worker, between a pretend Slack and the real cluster."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from redis import Redis

from contract.records import steps_key
from sandbox import redis_server
from sandbox.slack import Ack, Message, SlackServer, typical_workspace
from tests.spine import until

CHANNEL = "C0INCIDENTS"
SECRET = "testing-signing-secret"
ENDS = ("Healthy", "Problem", "At risk", "Cannot see", "Done", "Stopped", "Given up")
SECONDS = 120.0


@dataclass
class Product:
    """The product while it runs. folder: its clusters file, its Redis, and a log for each process."""

    slack: SlackServer
    environment: dict[str, str]
    folder: Path
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    started: int = 0

    def process(self, side: str) -> subprocess.Popen[bytes]:
        """One more `dnsmedic bot`, `worker` or `scheduler`, a group of its own."""
        self.started += 1
        with (self.folder / f"{side}-{self.started}.log").open("wb") as log:
            command = [str(Path(sys.executable).parent / "dnsmedic"), side]
            made = subprocess.Popen(command, env=self.environment, stderr=log, process_group=0)
        if side == "worker":
            self.workers.append(made)
        return made

    def check(self, words: str, user: str = "U0ALICE") -> Ack:
        """Type `/dns-check` with these words; Slack signs it."""
        return self.slack.command(user, CHANNEL, "/dns-check", words)

    def parents(self) -> list[Message]:
        """What stands in the channel, oldest first."""
        return self.slack.api.posts(CHANNEL)

    def ended(self, number: int = 0) -> tuple[Message, list[Message]]:
        """The parent of the run with this number once all is said, and its replies."""

        def over() -> Message | None:
            parents = self.parents()
            if len(parents) <= number or not parents[number].text.startswith(ENDS):
                return None
            replies = self.slack.api.replies(CHANNEL, parents[number].ts)
            return parents[number] if replies and replies[-1].text.startswith(ENDS) else None

        parent = self.slack.api.wait_for(over, SECONDS)
        assert parent
        return parent, self.slack.api.replies(CHANNEL, parent.ts)

    def refused(self) -> list[tuple[str, str]]:
        """The calls that Slack did not take, with its reasons."""
        return [(call.method, call.error) for call in self.slack.api.calls() if call.error]

    def until(self, look: Callable[[], object]) -> None:
        """Wait until what is seen in Slack is so."""
        self.slack.api.wait_for(look, SECONDS)

    def kill_worker(self, worker: subprocess.Popen[bytes]) -> None:
        """Kill a worker as the system does when memory is short: it and all that it started, without a word."""
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()

    def kill_worker_within_a_run(self) -> None:
        """Kill the first worker once a step of its run has ended. Slack would tell too late: a healthy run takes 2 s."""
        with Redis.from_url(self.environment["REDIS_URL"]) as redis:
            until(lambda: list(redis.scan_iter(steps_key("*"))), SECONDS)
        self.kill_worker(self.workers[0])

    def logs(self) -> str:
        """All that its processes logged."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))


@contextmanager
def running(folder: Path, clusters: Path, *, socket_mode: bool) -> Iterator[Product]:
    """Everything started as the README says, and ready; all of it ends with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server.start(folder=folder / "redis", aof=True))
        slack = stack.enter_context(SlackServer(typical_workspace()))
        port = redis_server.free_port()
        slack.deliver_to("" if socket_mode else f"http://127.0.0.1:{port}/slack/events")
        way_in = {"SLACK_APP_TOKEN": "xapp-test"} if socket_mode else {"SLACK_SIGNING_SECRET": SECRET}
        environment = os.environ | way_in | {
            "SLACK_BOT_TOKEN": "xoxb-test",
            "SLACK_API_URL": slack.url,
            "REDIS_URL": redis.url,
            "DNSMEDIC_CLUSTERS": str(clusters),
            "DNSMEDIC_HTTP": f"127.0.0.1:{port}",
        }  # fmt: skip
        product = Product(slack, environment, folder)
        stack.callback(_end, product)
        stack.callback(_stop, product.process("bot"))
        product.process("worker")
        slack.api.wait_for(lambda: slack.command("U0ALICE", CHANNEL, "/dns-check", "help").ok, 30)
        yield product


def _end(product: Product) -> None:
    for worker in product.workers:
        _stop(worker)


@contextmanager
def stopped_after(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """A process that is asked to go at the end of the block."""
    try:
        yield
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to go; one that does not is killed with all that it started."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
