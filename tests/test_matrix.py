"""Single questions drawn together into cells: one lost packet is no symptom, a dead way is."""

from __future__ import annotations

import pytest

from contract.model import Effect, NameKind, Path
from workers.cluster.answers import Reply
from workers.cluster.matrix import absent_names, cells, signals
from workers.cluster.survey import Asked, Name, Target

SERVER = Target(path=Path.CLUSTER_IP, address="172.20.0.10", label="kube-dns")
INTERNAL = Name(kind=NameKind.INTERNAL, name="kubernetes.default.svc.cluster.local")
EXTERNAL = Name(kind=NameKind.EXTERNAL, name="amazon.com")
GOOD = Reply(rcode="NOERROR", addresses=("192.0.2.1",), records=("x 5 A 192.0.2.1",))
GONE = Reply(rcode="NXDOMAIN")


def ask(
    effect: Effect, tries: int = 1, *, name: Name = INTERNAL, target: Target = SERVER, seconds: float = 0.01
) -> Asked:
    """One question and what came of it."""
    replies = {Effect.OK: GOOD, Effect.NXDOMAIN: GONE}
    return Asked(
        node="a1", policy="ClusterFirst", pod="", target=target, name=name, transport="udp", effect=effect, tries=tries,
        seconds=seconds, reply=replies.get(effect),
    )  # fmt: skip


@pytest.mark.parametrize(
    "asked, expected",
    [
        ([ask(Effect.OK)] * 4, Effect.OK),
        ([ask(Effect.OK)] * 3 + [ask(Effect.OK, 2)], Effect.OK),
        ([ask(Effect.OK)] * 2 + [ask(Effect.OK, 2)] * 2, Effect.LOSSY),
        ([ask(Effect.OK)] * 3 + [ask(Effect.SILENT, 2)], Effect.LOSSY),
        ([ask(Effect.SILENT, 2)] * 4, Effect.SILENT),
        ([ask(Effect.UNREACHABLE)] * 4, Effect.UNREACHABLE),
        ([ask(Effect.OK), ask(Effect.SERVFAIL)], Effect.SERVFAIL),
        ([ask(Effect.OK, seconds=4.2)], Effect.SLOW),
        ([ask(Effect.NXDOMAIN)] * 2, Effect.NXDOMAIN),
    ],
    ids=["all", "one-lost", "half-lost", "one-silent", "silent", "refused", "one-servfail", "slow", "nxdomain"],
)
def test_questions_make_one_cell(asked: list[Asked], expected: Effect) -> None:
    """Many questions of one kind are one cell with one effect."""
    (cell,) = cells(asked)

    assert expected is cell.effect


def test_a_name_that_the_upstream_does_not_know_is_rightly_absent() -> None:
    """NXDOMAIN is the right answer where the upstream says the same, and then the cell is well."""
    upstream = Target(path=Path.UPSTREAM, address="10.20.0.2", label="10.20.0.2")
    asked = [ask(Effect.NXDOMAIN, name=EXTERNAL), ask(Effect.NXDOMAIN, name=EXTERNAL, target=upstream)]

    absent = absent_names(asked)

    assert absent == ("amazon.com",)
    assert {cell.effect for cell in cells(asked, absent=absent)} == {Effect.OK}


def test_a_signal_tells_whether_asker_and_server_share_a_node() -> None:
    """The matrix splits same node and other node by the server's place."""
    here = Target(path=Path.REPLICA, address="10.0.0.1", label="pod/x", node="a1")
    there = Target(path=Path.REPLICA, address="10.0.0.2", label="pod/y", node="b1")

    found = list(signals(cells([ask(Effect.OK, target=here), ask(Effect.SILENT, 2, target=there)])))

    assert [s.same_node for s in found] == [True, False]
    assert [s.bad for s in found] == [False, True]
    assert "gets no answer" in found[1].summary
