"""What bot and workers hand to each other through rq: jobs of this list, signed, with an id as their argument.

rq imports and calls whatever function a job in Redis names, and callbacks besides. So whoever can write to Redis could
run code in a worker; JSON instead of pickle does not change that. Here a job is run only if its name is listed and its
signature was made with a key that Redis never holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from redis import Redis
from redis.client import Pipeline
from rq import Queue
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.utils import import_attribute

from contract.connection import DAY
from contract.redaction import redact
from contract.signing import Key

QUEUE = "dnsmedic"
"""The one queue: a worker of two can lose a job between them."""

CHECK_CLUSTER = "check_cluster"
"""A diagnosis; the argument is its run."""

UPLOAD_EVIDENCE = "upload_evidence"
"""What a run saw, as files in its thread; the argument is the run."""

SECONDS = 300
"""How long a job may take before rq ends it."""

_MODULE = "workers.jobs"
_NAMES = frozenset({CHECK_CLUSTER, UPLOAD_EVIDENCE})
_PURPOSE = "job"
_ERROR_CHARACTERS = 4000


class SignedJob(Job):
    """An rq job that runs only if it is listed and signed. `job_class` makes the class for a key."""

    signing_key: ClassVar[Key]

    def restore(self, raw_data: Mapping[Any, Any]) -> None:
        """Take over what Redis holds, but none of what rq would import, call or repeat because of it.

        Raises NoSuchJobError, which rq passes over, for what is no job at all.
        """
        try:
            super().restore(raw_data)
        except (ValueError, TypeError, KeyError, AttributeError) as problem:
            raise NoSuchJobError(f"{self.id} is no job: {type(problem).__name__}") from problem
        self._success_callback_name = self._failure_callback_name = self._stopped_callback_name = None
        self.webhooks = []
        meta: object = self.meta
        signature = meta.get("signature") if isinstance(meta, Mapping) else None
        self.meta = {"signature": str(signature)}
        self.retries_left = self.repeats_left = self.number_of_retries = None
        self.rate_limit_key = None
        self.timeout, self.result_ttl, self.failure_ttl = SECONDS, 0, DAY

    @property
    def func(self) -> Callable[..., Any]:
        """The function to call. Raises PermissionError for a job that is not one of ours."""
        name, arguments = str(self.func_name), self.args
        module, _, function = name.rpartition(".")
        if module != _MODULE or function not in _NAMES or self.instance or self.kwargs:
            raise PermissionError(f"job {self.id} names a function that no job may call")
        if len(arguments) != 1 or not isinstance(arguments[0], str):
            raise PermissionError(f"job {self.id} has other arguments than an id")
        if not self.signing_key.verify(str(self.meta["signature"]), _PURPOSE, function, arguments[0], self.id):
            raise PermissionError(f"job {self.id} is not signed by us")
        found: Callable[..., Any] = import_attribute(name)
        return found

    def _handle_failure(self, exc_string: str, *args: Any, **kwargs: Any) -> None:
        """Keep the error in Redis without secrets, and not at any length."""
        super()._handle_failure(redact(exc_string)[-_ERROR_CHARACTERS:], *args, **kwargs)


def job_class(key: Key) -> type[SignedJob]:
    """The class of jobs that are signed with this key."""
    return type("SignedJob", (SignedJob,), {"signing_key": key})


class Jobs:
    """The queue, for those who put jobs into it."""

    def __init__(self, redis: Redis, key: Key) -> None:
        self.key = key
        self.queue = Queue(QUEUE, connection=redis, job_class=job_class(key), serializer=JSONSerializer)

    def put(self, name: str, argument: str, job_id: str, pipe: Pipeline) -> None:
        """Queue the job `name` with its one argument when the pipe is executed. job_id: used once, `[A-Za-z0-9_-]+`."""
        self.queue.enqueue_call(
            f"{_MODULE}.{name}",
            args=(argument,),
            job_id=job_id,
            description=f"{name} {argument}",
            timeout=SECONDS,
            result_ttl=0,
            failure_ttl=DAY,
            ttl=DAY,
            meta={"signature": self.key.sign(_PURPOSE, name, argument, job_id)},
            pipeline=pipe,
        )

    def place(self, job_id: str) -> int | None:
        """How many jobs are before this one in the queue; None if it is not in the queue."""
        found = self.queue.get_job_position(job_id) if job_id else None
        return None if found is None else int(found)

    def count(self, pipe: Pipeline) -> None:
        """Ask how many jobs wait for a worker, when the pipe is executed."""
        pipe.llen(self.queue.key)

    def length(self) -> int:
        """How many jobs wait for a worker."""
        return int(self.queue.count)
