"""A command typed in Slack is answered from the real cluster, by real processes, in one thread."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sandbox.slack import Message

from .faults import Box, Fault, box, inject
from .product import Product, running

Start = Callable[[bool], Product]
FEW = {"coredns-scaled-to-zero", "kubelet-clusterdns-mismatch", "sg-blocks-53-between-nodes"}
BASIC = [fault for fault in found.faults() if fault.basic] if (found := box()) is not None else []


@pytest.fixture
def start(clusters: Path, tmp_path: Path) -> Iterator[Start]:
    """Starts the product against the real cluster; the argument says whether over Socket Mode."""
    with ExitStack() as stack:
        yield lambda socket_mode: stack.enter_context(running(tmp_path / "product", clusters, socket_mode=socket_mode))


def numbers(replies: list[Message]) -> list[int]:
    """The steps that the replies tell of, in the order in which they stand in the thread."""
    return [int(number) for reply in replies for number in re.findall(r"(\d+)/\d+ ", _shown(reply))]


def _shown(message: Message) -> str:
    return "\n".join(str(block) for block in message.blocks) or message.text


def left_behind(box: Box) -> str:
    """What is still in the namespace of dnsmedic."""
    return box.run("kubectl", "-n", "dnsmedic", "get", "pods", "-o", "name").strip()


@pytest.mark.parametrize("socket_mode", [False, True], ids=["http", "socket"])
def test_a_command_ends_in_a_full_thread(start: Start, the_box: Box, *, socket_mode: bool) -> None:
    """One parent that is edited while the steps end, a reply for every step, the verdict as the last; nothing is left."""
    product = start(socket_mode)
    told = product.check("cluster-a")
    parent, replies = product.ended()
    steps = numbers(replies[:-1])
    running_states = [edit.text for edit in parent.edits if edit.text.startswith("Running")]

    assert told.body["text"].startswith(":hourglass_flowing_sand: Queued *DNS check* on `cluster-a`")
    assert 1 == len(product.parents())
    assert parent.text.startswith("Healthy")
    assert replies[-1].text.startswith("Healthy")
    assert list(range(1, len(steps) + 1)) == steps
    assert running_states
    assert [] == product.refused()
    assert "" == left_behind(the_box)
    assert "Traceback" not in product.logs()


def test_evidence_of_the_real_cluster_is_judged_alike_elsewhere(start: Start, tmp_path: Path) -> None:
    """What is downloaded from the thread leads `dnsmedic replay` to the verdict of the thread."""
    product = start(False)
    product.check("cluster-a")
    parent, _ = product.ended()
    product.slack.click("U0BOB", parent, "dns.more")
    product.until(lambda: [file for file in product.slack.api.files if file.shared])
    facts, text = product.slack.api.files
    saved = tmp_path / facts.name
    saved.write_bytes(facts.content or b"")
    command = [str(Path(sys.executable).parent / "dnsmedic"), "replay", str(saved)]
    replayed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert 0 == replayed.returncode, replayed.stdout
    assert "Healthy" in replayed.stdout
    assert (text.content or b"").decode().startswith("Healthy: ")


def test_a_killed_worker_costs_no_answer(start: Start, the_box: Box) -> None:
    """Killed while the steps end, its run is gone on with by the next worker, said once, and ends."""
    product = start(False)
    product.check("cluster-a")
    product.kill_worker_within_a_run()
    product.process("worker")
    parent, replies = product.ended()
    steps = numbers(replies[:-1])

    assert any("worker lost, resuming" in _shown_edit(edit.blocks, edit.text) for edit in parent.edits)
    assert parent.text.startswith("Healthy")
    assert list(range(1, len(steps) + 1)) == steps
    assert 1 == len(product.parents())
    assert 1 == sum(reply.text.startswith("Healthy") for reply in replies)
    assert "" == left_behind(the_box)


def _shown_edit(blocks: list[dict[str, object]], text: str) -> str:
    return f"{text}\n{blocks}"


@pytest.fixture(scope="module")
def standing(clusters: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product, started once for all faults."""
    with running(tmp_path_factory.mktemp("standing") / "product", clusters, socket_mode=False) as product:
        yield product


@pytest.mark.parametrize("fault", BASIC, ids=lambda fault: fault.name)
def test_a_fault_is_named_first_in_the_thread(
    standing: Product, the_box: Box, fault: Fault, *, only_basic_faults: bool
) -> None:
    """With a fault in, the thread says so with its code before any other, and `ok` of what is well."""
    if only_basic_faults and fault.name not in FEW:
        pytest.skip("one fault of a kind, as test_faults.py tries them all")
    number = len(standing.parents())
    try:
        inject(the_box, fault)
        standing.check(" ".join(["cluster-a", *_asked(fault)]))
        parent, replies = standing.ended(number)
    finally:
        the_box.heal(fault)
    word = {"problem": "Problem", "at-risk": "At risk"}[fault.status]

    assert parent.text.startswith(word)
    assert replies[-1].text.startswith(word)
    assert _named(parent) in fault.expect
    assert _named(replies[-1]) in fault.expect
    assert any(_ok(reply) for reply in replies[:-1])
    assert [] == standing.refused()


def _asked(fault: Fault) -> list[str]:
    """What whoever suffers would type after the cluster."""
    return [word for word in (fault.asked, f"pod={fault.workload}" if fault.workload else "") if word]


def _ok(reply: Message) -> bool:
    return ":white_check_mark:" in _shown(reply)


def _named(verdict: Message) -> str:
    """The first code that a message names."""
    return next(str(one) for one in re.findall(r"`([a-z0-9-]+)`", _shown(verdict)) if one != "cluster-a")
