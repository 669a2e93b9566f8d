"""Ends what the demo started where the demo could not do so itself: somebody killed it, or its memory was taken away.

A second process, in which nothing can go wrong that goes wrong in the demo, waits for the end of a pipe. The kernel
closes it with the demo, however that ends; then the process kills who is still written down, and removes the folder.
This module is its program too, and so uses the standard library alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

PREFIX = "dnsmedic-demo-"

_YOUNG = 10.0
"""Seconds in which a demo that is just starting takes hold of its folder."""

_SECONDS_TO_END = 10.0


class Leash:
    """Holds the processes of one demo, each the first of its process group. Safe for threads."""

    def __init__(self, folder: Path) -> None:
        """folder: is removed with the demo."""
        self._lock = Lock()
        told, self._pipe = os.pipe()  # no child gets the end that the demo writes to, and holds it open
        self._process = subprocess.Popen(  # noqa: S603 - fixed arguments, no shell
            [sys.executable, "-I", "-S", __file__, str(folder)],
            stdin=told,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # whatever ends the demo's terminal or its process group does not end this
        )
        os.close(told)

    def hold(self, pid: int) -> None:
        """From now on this process and its group die with the demo."""
        self._tell(f"+{pid}")

    def let_go(self, pid: int) -> None:
        """It has ended: its number may be another's soon."""
        self._tell(f"-{pid}")

    def end(self) -> None:
        """The demo ends: kill who is held still."""
        os.close(self._pipe)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_SECONDS_TO_END)
        self._process.kill()
        self._process.wait()

    def _tell(self, line: str) -> None:
        with self._lock, contextlib.suppress(BrokenPipeError):  # somebody killed it: then the demo has no leash
            os.write(self._pipe, f"{line}\n".encode())


@contextmanager
def own_folder() -> Iterator[Path]:
    """A new folder, which is removed with the block; those of demos that were killed are removed first."""
    _remove_left_behind()
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name:
        hold = os.open(name, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(hold, fcntl.LOCK_EX)
            yield Path(name)
        finally:
            os.close(hold)


def _remove_left_behind() -> None:
    """Remove the folders that no demo holds."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # another demo's, or another person's, or it has just gone
            if folder.is_symlink() or time.time() - folder.stat().st_mtime < _YOUNG:
                continue
            hold = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
            finally:
                os.close(hold)


def watch(lines: Iterable[bytes], folder: Path) -> None:
    """Keep account of who is held until the lines end; then kill them, and remove the folder."""
    held: set[int] = set()
    for line in lines:
        (held.add if line.startswith(b"+") else held.discard)(int(line[1:]))
    for pid in held:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    watch(sys.stdin.buffer, Path(sys.argv[1]))
