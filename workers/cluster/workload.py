"""One pod of a workload as a diagnosis needs it: where it is, whether it is ready, what it waits for, how it last ended."""

from __future__ import annotations

from dataclasses import dataclass

from . import ages
from .objects import Condition, ContainerStatus, Pod

MESSAGE = 600
"""How much of a message is kept: whole for a person, small for a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodView:
    """A pod and its main container. Times are ages in seconds at the time of the reading.

    unscheduled: the scheduler's words where no node was found. waiting: why the container does not run, with its
    message. ended: how it ended last. quiet: how long the Ready condition has been what it is.
    """

    name: str
    node: str = ""
    phase: str = ""
    addresses: tuple[str, ...] = ()
    ready: bool = False
    leaving: bool = False
    age: float | None = None
    quiet: float | None = None
    image: str = ""
    memory_limit: str = ""
    unscheduled: str = ""
    waiting: str = ""
    message: str = ""
    restarts: int = 0
    ended: str = ""
    exit_code: int | None = None
    ended_age: float | None = None
    ended_message: str = ""
    version: str = ""
    """The resourceVersion, for evidence."""

    @property
    def line(self) -> str:
        """The pod in a line, for evidence."""
        state = self.waiting or ("terminating" if self.leaving else "ready" if self.ready else "not ready")
        last = (
            f", last ended {self.ended} (exit {self.exit_code}) {ages.words(self.ended_age)} ago" if self.ended else ""
        )
        where = f" on {self.node}" if self.node else ""
        return (
            f"pod kube-system/{self.name}{where}: {self.phase or 'no phase'}, {state}, {self.restarts} restarts{last}, "
            f"age {ages.words(self.age)}, resourceVersion {self.version or 'unknown'}"
        )


def view(pod: Pod, container: str, now: float) -> PodView:
    """POD by its container of that name (or its first, where none has it)."""
    status, spec = _named(pod.status.container_statuses, container), _spec(pod, container)
    scheduled, ready = _condition(pod, "PodScheduled"), _condition(pod, "Ready")
    waiting = status.state.waiting
    ended = status.state.terminated or status.last_state.terminated
    return PodView(
        name=pod.name,
        node=pod.spec.node_name,
        phase=pod.status.phase,
        addresses=pod.addresses,
        ready=pod.ready,
        leaving=bool(pod.metadata.deletion_timestamp),
        age=ages.age(pod.metadata.creation_timestamp, now),
        quiet=ages.age(ready.last_transition_time, now),
        image=spec[0],
        memory_limit=spec[1],
        unscheduled=scheduled.message[:MESSAGE] if scheduled.status == "False" and not pod.spec.node_name else "",
        waiting=waiting.reason if waiting else "",
        message=(waiting.message if waiting else "")[:MESSAGE],
        restarts=status.restart_count,
        ended=(ended.reason or "Error") if ended else "",
        exit_code=ended.exit_code if ended else None,
        ended_age=ages.age(ended.finished_at, now) if ended else None,
        ended_message=ended.message[-MESSAGE:] if ended else "",
        version=pod.metadata.resource_version,
    )


def _named(statuses: tuple[ContainerStatus, ...], container: str) -> ContainerStatus:
    found = [s for s in statuses if s.name == container] or list(statuses)
    return found[0] if found else ContainerStatus()


def _spec(pod: Pod, container: str) -> tuple[str, str]:
    found = [c for c in pod.spec.containers if c.name == container] or list(pod.spec.containers)
    return (found[0].image, found[0].resources.limits.get("memory", "")) if found else ("", "")


def _condition(pod: Pod, kind: str) -> Condition:
    return next((c for c in pod.status.conditions if c.type == kind), Condition())
