"""The product's own processes, each as its console command, and another in the place of one that was killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Event, Lock, Thread

from sandbox.demo.leash import Leash

SECONDS_TO_STOP = 4.0
"""What a process is given to end in order."""

_EVERY = 0.1
_PAUSE = 0.5
_OURS = ("SLACK_", "AWS_", "DNSMEDIC_", "KUBE", "REDIS_URL", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "PYTHON")


class Process:
    """`dnsmedic NAME`, kept running until `end`. `restarts`: how often another one was started. Safe for threads."""

    def __init__(
        self, name: str, environment: Mapping[str, str], folder: Path, leash: Leash, clock: Path | None = None
    ) -> None:
        """environment: its settings; those of whoever runs the demo are hidden from it. folder: for its log.

        leash: what ends it where the demo is killed. clock: the file of a `MovableClock` that it is to go by.
        """
        self.name = name
        self._program = ("sandbox.demo.moved", str(clock), name) if clock else ("dnsmedic", name)
        self._leash = leash
        self.log = folder / f"{name}.log"
        self.restarts = 0
        self._environment = _clean() | dict(environment)
        self._ending = Event()
        self._lock = Lock()
        self._process = self._launch()
        self._keeper = Thread(target=self._keep, name=f"demo keeps {name}", daemon=True)
        self._keeper.start()

    @property
    def pid(self) -> int:
        """Of the process that runs now, or ran last."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it runs at this moment."""
        return self._process.poll() is None

    def kill(self) -> None:
        """Kill it as if its machine had lost power, children and all. Another one starts by itself."""
        with self._lock:
            _signal(self._process, signal.SIGKILL)

    def ask_to_end(self) -> None:
        """Begin its end, and start no other."""
        self._ending.set()
        with self._lock:
            _signal(self._process, signal.SIGTERM, group=False)

    def end(self) -> None:
        """Wait for its end, and for that of all its children; they are killed where it takes too long."""
        self.ask_to_end()
        self._keeper.join()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(SECONDS_TO_STOP)
        _signal(self._process, signal.SIGKILL)
        self._process.wait()
        self._leash.let_go(self._process.pid)

    def last_words(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-10:])

    def _launch(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - fixed arguments, no shell
                [sys.executable, "-m", *self._program],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,  # Ctrl-C is for the demo, which ends it in order
            )
        self._leash.hold(process.pid)
        return process

    def _keep(self) -> None:
        while not self._ending.wait(_EVERY):
            if self.is_running:
                continue
            _signal(self._process, signal.SIGKILL)
            self._leash.let_go(self._process.pid)
            if self._ending.wait(_PAUSE):
                return
            with self._lock:
                if not self._ending.is_set():
                    self._process = self._launch()
                    self.restarts += 1


def _clean() -> dict[str, str]:
    """The environment without what would lead the product to a real Slack, AWS, cluster or proxy."""
    return {name: value for name, value in os.environ.items() if not name.upper().startswith(_OURS)}


def _signal(process: subprocess.Popen[bytes], number: signal.Signals, *, group: bool = True) -> None:
    """Send a signal to it, or to it and all that it started; nothing where nobody is left."""
    try:
        if group:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
    except ProcessLookupError:
        pass
