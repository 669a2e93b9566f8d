"""/metrics, /live and /ready of a process, for whoever watches over it."""

from __future__ import annotations

import http.server
import logging
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from redis import Redis
from redis.exceptions import RedisError

from contract.connection import clock
from contract.health_reports import OPEN
from contract.jobs import QUEUE
from contract.outbox import UNSENT
from contract.records import live

log = logging.getLogger(__name__)


class Queues(Collector):
    """How much waits, as the record in Redis says: the same from every process."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The metrics of now; with Redis down, only that it is."""
        up = GaugeMetricFamily("dnsmedic_redis_up", "Whether Redis answers.")
        try:
            found = list(self._read())
        except RedisError:
            found = []
        up.add_metric([], float(bool(found)))
        yield up
        yield from found

    def _read(self) -> Iterator[GaugeMetricFamily]:
        living = live(self.redis)
        now = clock(self.redis)
        runs = GaugeMetricFamily("dnsmedic_runs", "Runs that wait or are on, by state.", labels=["state"])
        for state in ("queued", "running", "resuming"):
            runs.add_metric([state], sum(record.state == state for record in living))
        yield runs
        waiting = [now - record.asked for record in living if record.state == "queued"]
        yield _gauge("dnsmedic_oldest_queued_seconds", "Age of the oldest run that waits.", max(waiting, default=0.0))
        yield _gauge("dnsmedic_jobs_queued", "Jobs that wait for a worker.", int(self.redis.llen(f"rq:queue:{QUEUE}")))
        yield _gauge("dnsmedic_posts_unsent", "Posts that wait for Slack.", int(self.redis.zcard(UNSENT)))
        yield _gauge("dnsmedic_reports_open", "Health reports that are under way.", int(self.redis.zcard(OPEN)))


def _gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, what, value=value)


def reachable(redis: Redis) -> bool:
    """Whether Redis answers."""
    try:
        return bool(redis.ping())
    except RedisError:
        return False


def registry(redis: Redis) -> CollectorRegistry:
    """The metrics that every process can tell."""
    made = CollectorRegistry()
    made.register(Queues(redis))
    return made


class HealthServer:
    """Answers /metrics, /live and /ready at an address until it is closed."""

    def __init__(self, address: str, metrics: CollectorRegistry, ready: Callable[[], bool]) -> None:
        """Begin to answer. address: HOST:PORT; port 0 takes a free one. ready: asked at each /ready."""
        host, _, port = address.rpartition(":")
        answers = type("Answers", (_Answers,), {"metrics": metrics, "ready": staticmethod(ready)})
        self._server = http.server.ThreadingHTTPServer((host.strip("[]"), int(port)), answers)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that it answers at."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def served(address: str, metrics: CollectorRegistry, ready: Callable[[], bool]) -> HealthServer | None:
    """Answers at the address of DNSMEDIC_METRICS; None where that is "", or taken: what else is done goes on all the same."""
    try:
        return HealthServer(address, metrics, ready) if address else None
    except OSError as problem:
        log.error("DNSMEDIC_METRICS: nothing can listen at %s: %s", address, problem)  # noqa: TRY400 - no bug
        return None


class _Answers(http.server.BaseHTTPRequestHandler):
    metrics: CollectorRegistry
    ready: Callable[[], bool]
    timeout = 10

    def do_GET(self) -> None:
        """Answer one request."""
        if self.path == "/metrics":
            self._answer(HTTPStatus.OK, generate_latest(self.metrics), CONTENT_TYPE_LATEST)
        elif self.path == "/live":
            self._answer(HTTPStatus.OK, b"alive\n")
        elif self.path == "/ready":
            ready = self.ready()
            self._answer(
                HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE, b"ready\n" if ready else b"not ready\n"
            )
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"/metrics, /live, /ready\n")

    def _answer(self, status: HTTPStatus, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server uses
        """Keep probes out of the log."""
        log.debug(format, *args)
