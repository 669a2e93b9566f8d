"""All that runs in a demo, as whoever steers it sees it: nothing here starts or ends the demo itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

from sandbox.demo.clock import MovableClock
from sandbox.demo.clusters import PretendCluster
from sandbox.demo.processes import Process
from sandbox.demo.redis_switch import RedisSwitch
from sandbox.demo.troubles import TroubleSwitches
from sandbox.slack import SlackServer


@dataclass(slots=True)
class Controls:
    """What there is to steer. processes: by name. Safe for threads."""

    slack: SlackServer
    clusters: Sequence[PretendCluster]
    processes: Mapping[str, Process]
    redis: RedisSwitch
    troubles: TroubleSwitches
    clock: MovableClock
    _armed: bool = False
    _lock: Lock = field(default_factory=Lock)

    @property
    def is_armed(self) -> bool:
        """Whether Redis stops at the next thing that somebody presses or sends."""
        return self._armed

    def arm(self, *, on: bool) -> None:
        """Say whether Redis is to stop at the next thing that somebody presses or sends."""
        with self._lock:
            self._armed = on

    def somebody_presses(self) -> None:
        """To be called before what people press or send reaches the app."""
        with self._lock:
            fires, self._armed = self._armed, False
        if fires:
            self.redis.stop()

    def cluster(self, name: str) -> PretendCluster:
        """The cluster of this name. Raises KeyError where there is none."""
        return {each.name: each for each in self.clusters}[name]
