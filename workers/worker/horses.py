"""rq's worker, with what makes it safe to kill: its jobs die with it, are handed over, and are told of when killed."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.job import Job
from rq.scheduler import RQScheduler
from rq.serializers import JSONSerializer

from contract.jobs import QUEUE, job_class
from contract.signing import Key
from workers.jobs.renewal import handing_over

WORKER_TTL = 30
MAINTENANCE_INTERVAL = 10
MONITORING_INTERVAL = 2
SCHEDULER_SECONDS = 3.0
"""How long rq's scheduler may take to end."""

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Let the kernel end this process as soon as its parent, the process with that id, is gone."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


class _Scheduler(RQScheduler):
    """rq's scheduler, which would go on for ever without its worker."""

    def work(self) -> None:
        """Enqueue what is due, until the worker ends."""
        die_with_parent(self.parent)
        super().work()  # type: ignore[no-untyped-call]

    parent = 0


class Horseman(Worker):
    """An rq worker that forks a process for each job."""

    attend: Callable[[], None]
    asked_to_go = False

    def setup_work_horse_signals(self) -> None:
        """In the forked process: asked to go, it hands its run over. It does not outlive its worker."""
        die_with_parent(self.pid or 0)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda _number, _frame: handing_over.set())

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Begin no more jobs, and end when the present one has."""
        self.asked_to_go = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def handle_warm_shutdown_request(self) -> None:
        """Asked to go: so is the forked process, which may take until its present step ends, but not for ever."""
        if self.horse_pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGTERM)

    def heartbeat(self, *args: Any, **kwargs: Any) -> None:
        """Every few seconds: see that the attendant lives."""
        if not self.is_horse:
            self.attend()
        super().heartbeat(*args, **kwargs)

    def run_maintenance_tasks(self) -> None:
        """Clean up, and begin a scheduler where there is none; but not on the way out, where it was just ended."""
        if not self.asked_to_go:
            super().run_maintenance_tasks()  # type: ignore[no-untyped-call]

    def stop_scheduler(self) -> None:
        """End rq's scheduler. A signal that meets it while it is being forked is lost, so that it may take two."""
        process: Any = getattr(self.scheduler, "_process", None)
        if process is None:
            return
        for end in (process.terminate, process.kill):
            end()
            process.join(SCHEDULER_SECONDS)
            if not process.is_alive():
                return

    def subscribe(self) -> None:
        """Listen to no commands: whoever can write to Redis could end workers and jobs with them."""

    def _start_scheduler(self, *_args: Any, **_kwargs: Any) -> None:
        """Begin rq's scheduler for jobs with a date, unless another worker has one."""
        self.scheduler = _Scheduler(self.queues, connection=self.connection, serializer=self.serializer)
        self.scheduler.parent = os.getpid()
        self.scheduler.acquire_locks(auto_start=True)  # type: ignore[no-untyped-call]


def horseman(redis: Redis, key: Key, *, killed: Callable[[Job], None], attend: Callable[[], None]) -> Horseman:
    """A worker of the one queue. killed: called for a job whose process died. attend: called every few seconds."""

    def handler(job: Job, _pid: int, _status: int, _usage: object) -> None:
        with contextlib.suppress(RedisError):  # the lease runs out by itself
            killed(job)

    signed = job_class(key)
    queue = Queue(QUEUE, connection=redis, job_class=signed, serializer=JSONSerializer)
    made = Horseman(
        [queue],
        connection=redis,
        job_class=signed,
        serializer=JSONSerializer,
        default_result_ttl=0,
        worker_ttl=WORKER_TTL,
        maintenance_interval=MAINTENANCE_INTERVAL,
        job_monitoring_interval=MONITORING_INTERVAL,
        work_horse_killed_handler=handler,
        log_job_description=False,
    )
    made.attend = attend
    return made
