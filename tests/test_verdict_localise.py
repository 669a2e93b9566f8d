"""The layer that symptoms point at: every row of the differential matrix, and its notes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from contract.model import Effect, NameKind, Outcome, Path, Question, Signal, Status, StepResult
from workers.verdict import judge
from workers.verdict.layers import ADVICE
from workers.verdict.localise import Layer, localise

from .matrices import dark, finding, healthy, steps

ASKED = Question(cluster="cluster-a")
Where = Callable[[Signal], bool]


def layers(cells: list[Signal]) -> list[Layer]:
    """The layers of a matrix."""
    return [layer for layer, _ in localise(cells)]


def made(effect: Effect, where: Where, seconds: float = 0.0) -> list[Signal]:
    """A healthy matrix with some cells dark."""
    return dark(healthy(), effect, where, seconds)


def asked(effect: Effect, *paths: Path) -> list[Signal]:
    """A healthy matrix in which a third name was asked on some ways."""
    base = [s for s in healthy() if s.path in paths and s.kind is NameKind.EXTERNAL]
    return [*healthy(), *(replace(s, kind=NameKind.ASKED, zone="db.corp.example", effect=effect) for s in base)]


def through(signal: Signal) -> bool:
    """What goes through the Service."""
    return signal.path in (Path.CLUSTER_IP, Path.CLIENT)


def client(signal: Signal) -> bool:
    """What pods' own settings lead to."""
    return signal.path is Path.CLIENT


def far(signal: Signal) -> bool:
    """From a node to a CoreDNS pod on another."""
    return signal.path is Path.REPLICA and signal.same_node is False


def outside(signal: Signal) -> bool:
    """Outside names, asked of CoreDNS."""
    return signal.kind is NameKind.EXTERNAL and signal.path in (Path.CLUSTER_IP, Path.REPLICA, Path.FORWARD)


def inside(signal: Signal) -> bool:
    """The cluster's own name, asked of CoreDNS."""
    return signal.kind is NameKind.INTERNAL and signal.path in (Path.CLUSTER_IP, Path.REPLICA, Path.FORWARD)


def of_pod_x(signal: Signal) -> bool:
    """One CoreDNS pod, on every way."""
    return signal.server == "pod/coredns-x"


def nobody() -> list[Signal]:
    """No CoreDNS pod at all: the Service refuses."""
    cells = [s for s in healthy() if s.path not in (Path.REPLICA, Path.FORWARD)]
    return dark(cells, Effect.UNREACHABLE, through)


ROWS: tuple[tuple[str, list[Signal], list[Layer]], ...] = (
    ("ClusterIP ok, the application fails", made(Effect.SILENT, client), [Layer.CLIENT]),
    ("ClusterIP dead everywhere, pods ok", made(Effect.SILENT, through), [Layer.SERVICE]),
    (
        "ClusterIP dead on one node, pods ok",
        made(Effect.SILENT, lambda s: through(s) and s.node == "a1"),
        [Layer.RULES],
    ),
    (
        "pods dead from other nodes, ok on the same",
        dark(made(Effect.SILENT, far), Effect.LOSSY, through),
        [Layer.NETWORK],
    ),
    (
        "all pairs dead, the process ok",
        made(Effect.SILENT, lambda s: s.path is Path.REPLICA or through(s)),
        [Layer.POLICY],
    ),
    (
        "all pairs of one node dead, its own pod too",
        made(Effect.SILENT, lambda s: s.node == "a2" and s.path is not Path.UPSTREAM),
        [Layer.NODE],
    ),
    (
        "one pod bad, over port-forward too",
        dark(made(Effect.SILENT, of_pod_x), Effect.LOSSY, through),
        [Layer.REPLICA],
    ),
    (
        "one pod unreachable from everywhere, its process ok",
        made(Effect.SILENT, lambda s: of_pod_x(s) and s.path is Path.REPLICA),
        [Layer.NETWORK],
    ),
    ("UDP ok, TCP dead", made(Effect.SILENT, lambda s: far(s) and s.transport == "tcp"), [Layer.TCP]),
    ("refused at once, and no pod", nobody(), [Layer.NOBODY]),
    (
        "inside ok, outside SERVFAIL",
        dark(made(Effect.SERVFAIL, outside), Effect.SILENT, lambda s: s.path is Path.UPSTREAM),
        [Layer.UPSTREAM],
    ),
    (
        "a server behind CoreDNS silent for one node alone",
        made(Effect.SILENT, lambda s: s.path is Path.UPSTREAM and s.node == "a2"),
        [Layer.NODE],
    ),
    (
        "a server behind CoreDNS silent for all",
        made(Effect.SILENT, lambda s: s.path is Path.UPSTREAM),
        [Layer.UPSTREAM],
    ),
    (
        "inside and outside ok, the asked name fails",
        asked(Effect.SERVFAIL, Path.FORWARD, Path.CLUSTER_IP),
        [Layer.NAME],
    ),
    (
        "outside names silent on every way, and the asked one with them",
        dark(
            asked(Effect.SILENT, Path.FORWARD, Path.CLUSTER_IP, Path.REPLICA, Path.CLIENT),
            Effect.SILENT,
            lambda s: s.kind is NameKind.EXTERNAL and s.path is not Path.UPSTREAM,
        ),
        [Layer.UPSTREAM],
    ),
    (
        "outside names silent, and the asked one does not exist",
        dark(asked(Effect.NXDOMAIN, Path.CLUSTER_IP), Effect.SILENT, outside),
        [Layer.COREDNS, Layer.UPSTREAM],
    ),
    ("inside SERVFAIL, outside ok", made(Effect.SERVFAIL, inside), [Layer.RECORDS]),
    ("inside NXDOMAIN, outside ok", made(Effect.NXDOMAIN, inside), [Layer.ZONE]),
    ("inside NXDOMAIN of one pod alone", made(Effect.NXDOMAIN, lambda s: inside(s) and of_pod_x(s)), [Layer.RECORDS]),
    ("REFUSED at once", made(Effect.REFUSED, outside), [Layer.REFUSAL]),
    (
        "one node is refused, and its C library says that there is no such name",
        dark(
            made(Effect.REFUSED, lambda s: s.node == "b1" and not client(s)),
            Effect.NXDOMAIN,
            lambda s: s.node == "b1" and client(s),
        ),
        [Layer.REFUSAL],
    ),
    ("answers, but the wrong one", asked(Effect.WRONG, Path.CLIENT), [Layer.ANSWER]),
    (
        "five seconds, and the retry succeeds",
        made(Effect.SLOW, lambda s: client(s) and not s.server, 5.01),
        [Layer.LOST],
    ),
    ("everything of the processes dead", made(Effect.SILENT, lambda s: s.path is Path.FORWARD), [Layer.COREDNS]),
    ("nothing dark", healthy(), []),
)


@pytest.mark.parametrize("row, cells, expected", ROWS, ids=[row[0] for row in ROWS])
def test_a_row_of_the_matrix_points_at_its_layer(row: str, cells: list[Signal], expected: list[Layer]) -> None:
    """The cells of a row lead to the row's layer and to no other."""
    found = layers(cells)

    assert expected == found, row


@pytest.mark.parametrize("row, cells, expected", ROWS, ids=[row[0] for row in ROWS])
def test_a_row_that_no_finding_explains_is_said_with_its_next_test(
    row: str, cells: list[Signal], expected: list[Layer]
) -> None:
    """Each layer without a cause is one line: what fails, where it points, the cheapest next test."""
    verdict = judge(ASKED, steps(cells))

    assert verdict.status is (Status.PROBLEM if expected else Status.HEALTHY), row
    if not verdict.causes:
        assert len(expected) == len(verdict.unexplained)
        for layer, line in zip(expected, verdict.unexplained, strict=True):
            assert ADVICE[layer].points in line
            assert f"Next: {ADVICE[layer].test}." in line


def test_a_step_that_could_look_there_is_the_cheapest_next_test() -> None:
    """Where a step of that layer lacks a right, the grant is asked for first."""
    cells = made(Effect.SILENT, far)
    blind = StepResult(
        check="security-groups", title="Groups let DNS in", outcome=Outcome.UNKNOWN, summary="x", because="403",
        grant="ec2:DescribeSecurityGroups",
    )  # fmt: skip

    verdict = judge(ASKED, [*steps(cells), blind])

    assert "Next: let the step “Groups let DNS in” look (needs: ec2:DescribeSecurityGroups)" in verdict.unexplained[0]


def test_a_pod_alone_is_told_from_its_node() -> None:
    """Silence inside one pod, while a probe on its node is answered, points at what that pod may send."""
    cells = healthy()
    own = [
        replace(s, pod="shop/web", effect=Effect.SILENT) for s in cells if s.path is Path.CLUSTER_IP and s.node == "a1"
    ]

    assert layers([*cells, *own]) == [Layer.POD]


def test_a_pod_whose_raw_questions_are_answered_has_a_client_fault() -> None:
    """Raw answers inside the pod while its look-ups fail point at its resolv.conf or library."""
    cells = healthy()
    raw = [replace(s, pod="shop/web") for s in cells if s.path is Path.CLUSTER_IP and s.node == "a1"]
    own = [replace(s, pod="shop/web", effect=Effect.NXDOMAIN) for s in cells if client(s) and s.node == "a1"]

    assert layers([*cells, *raw, *own]) == [Layer.CLIENT]


def test_silence_of_a_policy_on_the_same_node_too_is_not_laid_to_the_network() -> None:
    """All pairs dead, those on one node too: security groups and network ACLs see none of that traffic."""
    cells = made(Effect.SILENT, lambda s: s.path is Path.REPLICA)

    assert layers(cells) == [Layer.POLICY]


@pytest.mark.parametrize("code", ["sg-blocks-53-between-nodes", "nacl-blocks-53-or-return"])
def test_the_vpc_resolver_is_exempt_from_groups_and_acls(code: str) -> None:
    """A silent resolver of the VPC is never laid to a security group or a network ACL."""
    cells = dark(made(Effect.SERVFAIL, outside), Effect.SILENT, lambda s: s.path is Path.UPSTREAM)

    verdict = judge(ASKED, steps(cells, finding(code)))

    assert "name servers that CoreDNS forwards to" in verdict.unexplained[-1]


def test_every_layer_has_words_and_a_next_test() -> None:
    """No layer is left without what it points at and the cheapest next test."""
    assert set(Layer) == set(ADVICE)
    assert all(one.points and one.test and one.checks for one in ADVICE.values())
