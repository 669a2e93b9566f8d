"""The demo as a process: what it starts, what it says where it cannot, and that it leaves nothing."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contract.refusal import Refused
from sandbox import redis_server
from sandbox.demo.leash import PREFIX, own_folder, watch
from sandbox.demo.moved import moved
from sandbox.demo.running import Demo, running
from sandbox.slack import Message
from tests.spine import until

ALICE, BOB, INCIDENTS, HEALTH = "U0ALICE", "U0BOB", "C0INCIDENTS", "C0HEALTH"
VERDICTS = ("Healthy", "Problem", "At risk", "Cannot see")


def _children(pid: int) -> set[int]:
    """Every process that this one started, and those started by them."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text()
        except OSError:
            continue
        parents[int(folder.name)] = int(stat.rpartition(")")[2].split()[1])
    found, new = set[int](), {pid}
    while new:
        new = {child for child, parent in parents.items() if parent in new} - found
        found |= new
    return found


def _listening(pids: set[int]) -> set[int]:
    """The TCP ports on which these processes listen."""
    sockets = set()
    for pid in pids:
        for each in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                sockets.add(str(each.readlink()))
            except OSError:
                continue
    lines = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return {
        int(words[1].split(":")[1], 16) for words in lines if words[3] == "0A" and f"socket:[{words[9]}]" in sockets
    }


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.timeout(180)
@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="looks at processes as Linux shows them")
def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    """In an empty HOME it starts, serves its page, and after Ctrl-C no process, port or file is left."""
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "dnsmedic", "demo", "--port", "0"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "Ctrl-C" in line:
                break
        found = re.search(r"http://127\.0\.0\.1:\d+", "".join(said))
        assert found, "".join(said)
        with urllib.request.urlopen(found[0], timeout=10) as response:  # noqa: S310 - loopback
            page = response.read().decode()
        pids = _children(process.pid)
        ports = _listening(pids | {process.pid})
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)

    assert "dnsmedic demo" in page
    assert "nothing is left" in rest
    assert 0 == process.returncode
    assert len(pids) > 3
    assert len(ports) > 5
    assert (set(), set()) == (
        {pid for pid in pids if Path(f"/proc/{pid}").exists()},
        {p for p in ports if _is_taken(p)},
    )
    assert [] == list(temporary.iterdir())


@pytest.mark.timeout(180)
@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="looks at processes as Linux shows them")
def test_a_killed_demo_leaves_nothing(tmp_path: Path) -> None:
    """Killed in the middle of a check, and with its whole process group, its children and its folder go all the same."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "dnsmedic", "demo", "--port", "0"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, process_group=0
    ) as process:
        lines = process.stdout or ()
        assert next(line for line in lines if "Ctrl-C" in line)
        pids = _children(process.pid)
        folders = list(tmp_path.iterdir())
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)
        until(lambda: not [pid for pid in pids if Path(f"/proc/{pid}").exists()])

    assert len(pids) > 3
    assert 1 == len(folders)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="looks at processes as Linux shows them")
def test_who_is_held_dies_at_the_end_of_the_pipe() -> None:
    """Whoever is held is killed at the end of the pipe, children and all; who was let go is not."""
    parent = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    with (
        subprocess.Popen([sys.executable, "-c", parent], process_group=0) as held,
        subprocess.Popen([sys.executable, "-c", parent], process_group=0) as free,
    ):
        until(lambda: _children(held.pid) and _children(free.pid))
        children = _children(held.pid)
        watch([f"+{free.pid}".encode(), f"+{held.pid}".encode(), f"-{free.pid}".encode()], Path("none"))
        held.wait(10)
        alive = free.poll() is None
        until(lambda: not [pid for pid in children if Path(f"/proc/{pid}").exists()])
        os.killpg(free.pid, signal.SIGKILL)

    assert (-signal.SIGKILL, True) == (held.returncode, alive)


def test_what_an_earlier_demo_left_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that nobody holds goes with the next start; one that a demo holds, and one that is not ours, stay."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left, other = tmp_path / f"{PREFIX}left", tmp_path / "other-left"
    for folder in (left, other):
        (folder / "redis").mkdir(parents=True)
    with own_folder() as held:
        for folder in (left, other, held):
            os.utime(folder, (0, 0))
        with own_folder() as second:
            there = set(tmp_path.iterdir())

    assert {other, held, second} == there
    assert [other] == list(tmp_path.iterdir())


def test_a_taken_port_is_said_with_the_way_out() -> None:
    """Where another program has the page's port, nothing is started, and the sentence says how to take another one."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = int(other.getsockname()[1])
        command = [sys.executable, "-m", "dnsmedic", "demo", "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)

    assert 2 == done.returncode
    assert f"Port {port} of this machine is taken by another program" in done.stderr
    assert f"make demo PORT={port + 1}" in done.stderr
    assert "" == done.stdout


def test_a_missing_redis_is_said_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a redis-server the demo says so, and how to get one."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, redis_server.WHEEL, None)
    with pytest.raises(Refused) as refused, running(0, say=lambda _: None):
        pass

    assert "The demo needs a Redis, and there is no redis-server: install it" in str(refused.value)


# What runs in it


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """A demo for the tests of this module."""
    with running(0, say=lambda _: None) as made:
        yield made


def _check(demo: Demo, cluster: str, user: str = ALICE) -> str:
    """Ask for a check; what the person is told."""
    return str(demo.controls.slack.command(user, INCIDENTS, "/dns-check", cluster).body["text"])


def _verdict(demo: Demo, cluster: str, but: set[str] = frozenset()) -> Message:  # type: ignore[assignment]
    """The message of a run of this cluster that has its verdict; none of those before."""

    def found() -> list[Message]:
        posts = demo.controls.slack.api.posts(INCIDENTS)
        return [
            each
            for each in posts
            if each.ts not in but and f"· {cluster} ·" in each.text and each.text.startswith(VERDICTS)
        ]

    return until(found, 90.0)[-1]


def _posts(demo: Demo) -> set[str]:
    return {each.ts for each in demo.controls.slack.api.posts(INCIDENTS)}


@pytest.mark.timeout(240)
def test_clusters_are_side_by_side(demo: Demo) -> None:
    """Each cluster is in a world of its own: one is broken, its neighbour is not, and each answers for itself."""
    before = _posts(demo)
    demo.controls.cluster("cluster-b").enter("coredns-scaled-to-zero")
    _check(demo, "cluster-a")
    _check(demo, "cluster-b")
    well, broken = _verdict(demo, "cluster-a", before), _verdict(demo, "cluster-b", before)
    demo.controls.cluster("cluster-b").enter("healthy")

    assert well.text.startswith("Healthy")
    assert broken.text.startswith("Problem")
    assert "coredns-scaled-to-zero" in str(broken.blocks)


@pytest.mark.timeout(240)
def test_a_killed_worker_is_replaced(demo: Demo) -> None:
    """Where the worker is killed in the middle of a run, another one begins, and the run ends with its verdict."""
    before = _posts(demo)
    worker = demo.controls.processes["worker"]
    pid, restarts = worker.pid, worker.restarts
    _check(demo, "cluster-c")
    until(lambda: _posts(demo) - before)
    worker.kill()
    ended = _verdict(demo, "cluster-c", before)

    assert ended.text.startswith("Healthy")
    assert (pid, restarts + 1) != (worker.pid, restarts)
    assert restarts + 1 == worker.restarts


@pytest.mark.timeout(120)
def test_redis_stops_at_a_press_and_comes_back(demo: Demo) -> None:
    """A command that finds Redis stopped is told that nothing was started; after its return the next one works."""
    before = _posts(demo)
    demo.controls.arm(on=True)
    demo.controls.somebody_presses()
    refused = _check(demo, "cluster-a", BOB)
    was_on = demo.controls.redis.is_on
    demo.controls.redis.start()
    taken = until(lambda: [said for said in [_check(demo, "cluster-a", BOB)] if "cluster-a" in said])
    _verdict(demo, "cluster-a", before)

    assert "Nothing was started" in refused
    assert (False, True) == (was_on, demo.controls.redis.is_on)
    assert re.search("Queued|joined", taken[0])


@pytest.mark.timeout(240)
def test_time_moves_on_to_the_daily_report(demo: Demo) -> None:
    """Twice moved on: the report of each day, once, whatever becomes of the scheduler in between."""
    clock, posts = demo.controls.clock, demo.controls.slack.api.posts
    demo.controls.cluster("cluster-b").enter("coredns-scaled-to-zero")
    first_due = clock.due
    clock.move_on()
    (first,) = until(lambda: posts(HEALTH), 60.0)
    scheduler = demo.controls.processes["scheduler"]
    restarts = scheduler.restarts
    scheduler.kill()
    until(lambda: scheduler.restarts > restarts)
    demo.controls.cluster("cluster-b").enter("healthy")
    clock.move_on()
    _, second = until(lambda: posts(HEALTH)[1:] and posts(HEALTH), 60.0)

    assert 86400 == clock.due - first_due - 86400
    assert f"DNS health · {datetime.fromtimestamp(first_due, UTC):%a}" in first.text
    assert "1 problem (cluster-b), 2 healthy" in first.text
    assert "3 healthy" in second.text
    assert "was problem" in str(second.blocks)
    assert "late" not in first.text + second.text


def test_only_the_time_of_day_is_moved(tmp_path: Path) -> None:
    """A process with a moved clock reads the file each time; without a number in it, the time is the real one."""
    real, file = (lambda: 1000.0), tmp_path / "clock"
    now = moved(real, file)
    seen = [now()]
    for text in ("86400.5", "much", "-10"):
        file.write_text(text)
        seen.append(now())

    assert [1000.0, 87400.5, 1000.0, 990.0] == seen
