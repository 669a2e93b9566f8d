"""Faults that look alike, one held against the other, both ways: the discriminating fact decides."""

from __future__ import annotations

import pytest

from contract.model import Confidence, Effect, Excluded, Severity
from workers.verdict import judge

from .faults import BY_ID
from .matrices import dark, finding, healthy, steps
from .worlds import World

LOOK_ALIKES = (
    ("F01", "F13", "one workload, or every pod of a node"),
    ("F04", "F11", "the absolute name exists, or not even that"),
    ("F05", "F11", "a name that exists, lost by ndots, or no such name"),
    ("F06", "F52", "TCP works, or it does not"),
    ("F08", "F60b", "the name with a search domain is altered, or the absolute one too"),
    ("F09", "F19", "queries never leave the pod, or the node drops them"),
    ("F09", "F50", "queries never leave the pod, or a policy drops them"),
    ("F11", "F38b", "one name, or the whole zone"),
    ("F11", "F46", "absent for the API too, or only for one CoreDNS pod"),
    ("F12", "F11", "the Service exists without ready endpoints, or there is none"),
    ("F13", "F14", "another address, or none"),
    ("F15", "F56", "lookups of two questions, or outside names upstream"),
    ("F15", "F17", "any client, or one that holds an old connection"),
    ("F16", "F56", "everything of the node, or only what goes to the resolver"),
    ("F16", "F19", "some packets of every kind, or all of port 53"),
    ("F18", "F20", "kube-proxy runs, or there is none"),
    ("F18", "F19", "CoreDNS pods answer directly, or not even they"),
    ("F21", "F22", "forbidden, or not signed in"),
    ("F21", "F23", "refused, or never reached"),
    ("F27", "F31", "pods that nobody selects, or no pods"),
    ("F28b", "F52", "no TCP port at the Service, or TCP cut off on the way to the pods"),
    ("F29", "F13", "all nodes, or some"),
    ("F30", "F46", "an address of no pod, or a pod that is behind"),
    ("F31", "F32", "none wanted, or none placed"),
    ("F32", "F33", "no room, or no Fargate profile"),
    ("F36", "F38", "killed for memory, or ended by its own configuration"),
    ("F37", "F38", "the bad file waits, or it was loaded"),
    ("F38", "F44", "a parse error, or a loop"),
    ("F39", "F57", "an address of the Corefile, or the VPC's resolver"),
    ("F39", "F58", "an address of the Corefile, or one that DHCP hands out"),
    ("F39", "F56", "never answers, or answers by rate"),
    ("F40", "F39", "one domain, or every outside name"),
    ("F40", "F60", "servers in the Corefile, or in a Resolver rule"),
    ("F42", "F39b", "refused by a limit, or for want of a forward"),
    ("F43", "F46", "outside names, or cluster names"),
    ("F45", "F46", "may not read, or does not reach"),
    ("F46", "F21", "CoreDNS is behind, or kube-proxy"),
    ("F46", "F23", "CoreDNS is behind, or kube-proxy"),
    ("F50", "F54", "a policy, or a security group of the pod"),
    ("F51", "F53", "every pair, or only between nodes"),
    ("F53", "F50", "nodes, or one workload"),
    ("F53", "F55", "groups, or the subnet's list"),
    ("F53", "F52", "both transports, or TCP alone"),
    ("F53", "F19b", "the pod on the same node answers, or not even that"),
    ("F56", "F57", "some answers, or none"),
    ("F57", "F58", "the VPC's own resolver, or a company's"),
    ("F59", "F11b", "another VPC has the record, or nobody"),
    ("F60", "F41", "the upstream's answer is wrong, or CoreDNS answers by itself"),
)


@pytest.mark.parametrize("one, other, by", LOOK_ALIKES, ids=lambda value: value if value[0] == "F" else "")
def test_look_alikes_are_told_apart(one: str, other: str, by: str) -> None:
    """In the world of each, its own code is named and the other's is not."""
    for here, there in ((one, other), (other, one)):
        world = BY_ID[here].make()

        named = [cause.code for cause in judge(world.question, world.steps()).causes]

        assert BY_ID[here].code in named or not BY_ID[here].code, by
        assert BY_ID[there].code not in named, by


def test_a_security_group_on_paper_does_not_take_the_blame_of_a_policy() -> None:
    """A group that seems closed, while pairs answer, is ruled out; the policy that explains the silent pod is named."""
    world = BY_ID["F50"].make().take("security-groups/closed")

    verdict = judge(world.question, world.steps())

    assert [cause.code for cause in verdict.causes] == ["netpol-egress-denies-53"]
    assert "sg-blocks-53-between-nodes" in {one.code for one in verdict.ruled_out}


def test_a_partly_contradicted_group_is_blamed_for_the_rest_alone() -> None:
    """Where one node of two gets answers, the group is named, and the answered node's own trouble is not laid to it."""
    world = (
        BY_ID["F53"]
        .make()
        .dark(Effect.OK, lambda c: c.path in ("replica", "cluster-ip") and c.node.startswith("ip-10-20-1"))
    )

    verdict = judge(world.question, world.steps())

    assert [cause.code for cause in verdict.causes] == ["sg-blocks-53-between-nodes"]
    assert verdict.unexplained == ()


def test_answers_do_not_refute_a_network_acl_that_lets_some_of_them_pass() -> None:
    """Probes that were lucky with their ports say nothing of the next question; the entries are certain."""
    world = World().take("network-acls/narrow-answer-ports")

    verdict = judge(world.question, world.steps())

    assert [(c.code, c.confidence) for c in verdict.causes] == [("nacl-blocks-53-or-return", Confidence.HIGH)]
    assert "about 58 % of the DNS answers" in verdict.summary


def test_a_reading_that_probes_refute_is_not_named() -> None:
    """A kubelet with another address, whose pods are answered at it, is odd and not broken."""
    for case in ("one_node_other_address", "all_nodes_wrong", "service_made_anew"):
        world = BY_ID["F04"].make().take("coredns-metrics/healthy").take(f"kubelet-cluster-dns/{case}")

        verdict = judge(world.question, world.steps())

        assert verdict.causes == ()
        assert verdict.status == "healthy"


def test_five_seconds_beside_a_dead_upstream_are_no_race() -> None:
    """Outside names that wait for dead servers are slow without any lost twin."""
    cells = dark(healthy(), Effect.SLOW, lambda s: s.path == "client" and s.kind == "external", seconds=5.0)
    cells = dark(cells, Effect.SILENT, lambda s: s.path == "upstream")

    verdict = judge(BY_ID["F15"].make().question, steps(cells))

    assert verdict.causes == ()
    assert len(verdict.unexplained) == 1
    assert "name servers that CoreDNS forwards to" in verdict.unexplained[0]


def test_a_name_that_nobody_has_is_named_only_when_zones_and_rules_were_looked_at() -> None:
    """What is left over is a cause only where the steps that could know better saw nothing."""
    seen = BY_ID["F11b"].make()
    unseen = BY_ID["F11b"].make().blind("private-zones")

    named = judge(seen.question, seen.steps())
    left = judge(unseen.question, unseen.steps())

    assert [(c.code, c.confidence) for c in named.causes] == [("name-really-absent", Confidence.LOW)]
    assert left.causes == ()
    assert "a right for private-zones" in left.unexplained[0]


def test_every_node_without_rules_is_blamed_on_rules_only_when_the_service_is_in_order() -> None:
    """With the Service's own parts ruled out it is the rules; without that knowledge the layer alone is said."""
    cells = dark(healthy(), Effect.SILENT, lambda s: s.path in ("cluster-ip", "client"))
    proxy = ("absent-on-node", "forbidden-403", "unauthorized-401", "apiserver-timeout", "mode-broken")
    service = ("service-missing", "selector-mismatch", "ports-wrong")
    codes = [*(f"kube-proxy-{one}" for one in proxy), *(f"kube-dns-{one}" for one in service)]
    codes.append("endpointslice-stale-or-orphan")
    excluded = tuple(Excluded(code=code, because="looked at") for code in codes)

    sure = judge(BY_ID["F18"].make().question, steps(cells, excluded=excluded))
    open_ = judge(BY_ID["F18"].make().question, steps(cells, excluded=excluded[1:]))

    assert [cause.code for cause in sure.causes] == ["iptables-kubedns-rules-missing"]
    assert open_.causes == ()
    assert "the Service kube-dns" in open_.unexplained[0]


def test_a_skew_does_not_take_the_blame_for_late_lookups() -> None:
    """An old kube-proxy does not make lookups wait while every single question is answered."""
    cells = dark(healthy(), Effect.SLOW, lambda s: s.path == "client" and not s.server and s.node == "a1", seconds=5.0)

    verdict = judge(BY_ID["F15"].make().question, steps(cells, finding("kube-proxy-version-skew", Severity.WARNING)))

    assert [cause.code for cause in verdict.causes] == ["conntrack-race-5s", "kube-proxy-version-skew"]
