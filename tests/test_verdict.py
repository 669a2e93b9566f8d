"""The verdict on matrices and findings: what is named, what is ruled out, what stays open."""

from __future__ import annotations

from dataclasses import replace

from contract.model import (
    Confidence,
    Effect,
    Excluded,
    NameKind,
    Outcome,
    Path,
    Question,
    Scope,
    Severity,
    Signal,
    Status,
    StepResult,
    Verdict,
)
from workers.verdict import judge

from .matrices import PROXY, cleared, dark, finding, healthy, steps

ASKED = Question(cluster="cluster-a")
NETWORK = cleared("sg-blocks-53-between-nodes", "nacl-blocks-53-or-return", "conntrack-table-full")
THROUGH = (Path.CLUSTER_IP, Path.CLIENT)


def codes(verdict: Verdict) -> list[str]:
    """The causes, first to last."""
    return [cause.code for cause in verdict.causes]


def through(signal: Signal) -> bool:
    """Cells that go through the Service."""
    return signal.path in THROUGH


def test_a_matrix_without_a_dark_cell_is_healthy() -> None:
    """No symptom and no finding: healthy, with no cause and nothing unexplained."""
    verdict = judge(ASKED, steps(healthy()))

    assert verdict.status is Status.HEALTHY
    assert verdict.causes == ()
    assert verdict.unexplained == ()


def test_healthy_says_no_more_than_was_seen() -> None:
    """Answers over port-forward alone are not what pods get, and an asked name that nobody looked up is not included."""
    named = Question(cluster="cluster-a", name="web.shop")
    processes = [cell for cell in healthy() if cell.path is Path.FORWARD]
    asked = replace(healthy()[0], kind=NameKind.ASKED)

    assert judge(named, steps([*healthy(), asked])).summary.startswith("DNS works in cluster-a, web.shop included: ")
    assert judge(named, steps(healthy())).summary.startswith("DNS works in cluster-a; web.shop was not looked up: ")
    assert judge(ASKED, steps(processes)).summary.startswith(
        "CoreDNS answers in cluster-a, though nobody could ask as pods do: "
    )


def test_an_info_changes_nothing() -> None:
    """What is only worth knowing leaves the verdict healthy."""
    verdict = judge(ASKED, steps(healthy(), finding("ndots-amplification", Severity.INFO)))

    assert verdict.status is Status.HEALTHY


def test_a_risk_without_a_symptom_is_at_risk() -> None:
    """What works today and fails tomorrow is no problem yet."""
    verdict = judge(ASKED, steps(healthy(), finding("corefile-reload-timebomb")))

    assert verdict.status is Status.AT_RISK
    assert codes(verdict) == ["corefile-reload-timebomb"]


def test_a_symptom_without_a_cause_is_a_problem_with_the_layer_named() -> None:
    """Nobody is blamed, but the layer and the next test are said."""
    cells = dark(healthy(), Effect.SERVFAIL, lambda s: s.path is Path.FORWARD and s.kind is NameKind.INTERNAL)

    verdict = judge(ASKED, steps(cells))

    assert verdict.status is Status.PROBLEM
    assert verdict.causes == ()
    assert "CoreDNS' copy of the cluster's records" in verdict.unexplained[0]
    assert "Next:" in verdict.unexplained[0]


def test_a_dead_service_explains_all_that_goes_through_it() -> None:
    """One cause for every dark cell of the column, and nothing left."""
    cells = dark(healthy(), Effect.UNREACHABLE, through)

    verdict = judge(ASKED, steps(cells, finding("coredns-scaled-to-zero")))

    assert codes(verdict) == ["coredns-scaled-to-zero"]
    assert verdict.unexplained == ()


def test_a_node_without_rules_is_told_from_one_with_a_firewall() -> None:
    """ClusterIP dead and every pod alive: rules. Every pod dead, the one on the node too: a firewall."""
    rules = judge(ASKED, steps(dark(healthy(), Effect.SILENT, lambda s: through(s) and s.node == "a1"), excluded=PROXY))
    wall = judge(
        ASKED,
        steps(
            dark(healthy(), Effect.SILENT, lambda s: s.node == "a2" and s.path is not Path.UPSTREAM), excluded=NETWORK
        ),
    )

    assert codes(rules) == ["iptables-kubedns-rules-missing"]
    assert codes(wall) == ["node-firewall-drops-53"]


def test_a_node_without_rules_is_blamed_on_kube_proxy_where_that_is_broken_there() -> None:
    """A sure fault of kube-proxy on that node takes the place of the guess, and explains the same cells."""
    cells = dark(healthy(), Effect.SILENT, lambda s: through(s) and s.node == "a1")
    gone = finding("kube-proxy-absent-on-node", scope=Scope(nodes=("a1",)))

    verdict = judge(ASKED, steps(cells, gone))

    assert codes(verdict) == ["kube-proxy-absent-on-node"]
    assert verdict.unexplained == ()


def test_a_firewall_is_not_guessed_where_nobody_saw_other_connections_pass() -> None:
    """A full connection table is as silent over both transports; where one of them passes, it is none."""
    passed = tuple(one for one in NETWORK if one.code != "conntrack-table-full")

    def verdict(*transports: str) -> list[str]:
        cells = dark(
            healthy(),
            Effect.SILENT,
            lambda s: s.node == "a2" and s.path is not Path.UPSTREAM and s.transport in transports,
        )
        return codes(judge(ASKED, steps(cells, excluded=passed)))

    assert verdict("udp", "tcp") == []
    assert verdict("udp") == ["node-firewall-drops-53"]


def test_a_firewall_is_not_guessed_where_the_network_was_not_looked_at() -> None:
    """Silence from a node without a CoreDNS pod may be the network's: nothing is blamed until that is ruled out."""
    cells = dark(healthy(), Effect.SILENT, lambda s: s.node == "a1")

    verdict = judge(ASKED, steps(cells))

    assert verdict.causes == ()
    assert verdict.status is Status.PROBLEM
    assert verdict.unexplained


def test_an_answer_rules_a_security_group_out() -> None:
    """Where the probes between those very pods are answered, the rules on paper are not the cause."""
    paper = finding("sg-blocks-53-between-nodes", scope=Scope(pairs=(("a1", "pod/coredns-x"),)))

    verdict = judge(ASKED, steps(healthy(), paper))

    assert verdict.status is Status.HEALTHY
    assert [r.code for r in verdict.ruled_out] == ["sg-blocks-53-between-nodes"]
    assert "answered" in verdict.ruled_out[0].because


def test_an_endpoint_that_no_coredns_pod_has_is_blamed_only_where_it_is_silent() -> None:
    """A server that answers whoever asks it may be meant so; what was not asked, or stays silent, is still named."""
    paper = finding("endpointslice-stale-or-orphan", scope=Scope(servers=("10.20.2.201", "10.20.3.202")))

    def asked(server: str, effect: Effect) -> list[Signal]:
        known = (s for s in healthy() if s.path is Path.REPLICA and s.server == "pod/coredns-x")
        return [replace(s, server=server, same_node=None, effect=effect) for s in known]

    good, dead = asked("10.20.2.201", Effect.OK), asked("10.20.3.202", Effect.SILENT)
    both = judge(ASKED, steps([*healthy(), *good, *asked("10.20.3.202", Effect.OK)], paper))
    one = judge(ASKED, steps([*healthy(), *good, *dead], paper))
    half = judge(ASKED, steps([*healthy(), *good], paper))

    assert (Status.HEALTHY, []) == (both.status, codes(both))
    assert (Status.PROBLEM, ["endpointslice-stale-or-orphan"], ()) == (one.status, codes(one), one.unexplained)
    assert (Status.PROBLEM, ["endpointslice-stale-or-orphan"]) == (half.status, codes(half))


def test_a_coredns_pod_that_the_endpoints_leave_out_is_named_although_it_answers() -> None:
    """Answers past the Service say nothing of who is behind it."""
    out = finding("endpointslice-stale-or-orphan", Severity.WARNING, scope=Scope(servers=("pod/coredns-x",)))

    assert ["endpointslice-stale-or-orphan"] == codes(judge(ASKED, steps(healthy(), out)))


def test_answers_for_names_inside_through_the_service_prove_that_somebody_answers() -> None:
    """A workload that counts no replica is not blamed for outside names that fail behind whoever does the work."""
    none = finding("coredns-scaled-to-zero")
    cells = dark(healthy(), Effect.SERVFAIL, lambda s: s.kind is NameKind.EXTERNAL and s.path is not Path.UPSTREAM)
    lossy = dark(healthy(), Effect.LOSSY, lambda s: s.path is Path.CLUSTER_IP)

    assert [] == codes(judge(ASKED, steps(cells, none)))
    assert ["coredns-scaled-to-zero"] == codes(judge(ASKED, steps(lossy, none)))


def test_coredns_that_never_reached_the_api_leaves_the_service_without_endpoints() -> None:
    """Said of all CoreDNS pods it explains a Service that leads nowhere; said of some it does not, since these answer."""
    cells = dark(healthy(), Effect.UNREACHABLE, through)
    cells = dark(
        cells, Effect.SERVFAIL, lambda s: s.path in (Path.REPLICA, Path.FORWARD) and s.kind is NameKind.INTERNAL
    )
    code = "coredns-api-unreachable-or-desynced"

    none = judge(ASKED, steps(cells, finding(code)))
    some = judge(ASKED, steps(cells, finding(code, scope=Scope(servers=("pod/coredns-x", "pod/coredns-y")))))

    assert ([code], True) == (codes(none), none.unexplained == ())
    assert ([code], False) == (codes(some), some.unexplained == ())


def test_a_security_group_explains_pairs_and_the_service_behind_them() -> None:
    """The dark pairs and the loss through the ClusterIP have one cause."""
    pairs = (("a1", "pod/coredns-x"), ("a1", "pod/coredns-y"), ("a2", "pod/coredns-y"), ("b1", "pod/coredns-x"))
    cells = dark(healthy(), Effect.SILENT, lambda s: (s.node, s.server) in pairs)
    cells = dark(cells, Effect.LOSSY, through)

    verdict = judge(ASKED, steps(cells, finding("sg-blocks-53-between-nodes", scope=Scope(pairs=pairs))))

    assert codes(verdict) == ["sg-blocks-53-between-nodes"]
    assert verdict.unexplained == ()


def test_two_faults_at_once_are_both_named() -> None:
    """A missing binding of kube-proxy does not hide a wrong kubelet."""
    cells = dark(healthy(), Effect.SILENT, lambda s: s.node == "b1" and s.path is Path.CLIENT)
    kubelet = finding("kubelet-clusterdns-mismatch", scope=Scope(nodes=("b1",)))
    proxy = finding("kube-proxy-forbidden-403")

    verdict = judge(ASKED, steps(cells, kubelet, proxy))

    assert codes(verdict) == ["kubelet-clusterdns-mismatch", "kube-proxy-forbidden-403"]


def test_an_unsure_finding_without_a_symptom_is_not_named() -> None:
    """A guess that explains nothing is no cause."""
    verdict = judge(ASKED, steps(healthy(), finding("eni-pps-throttle", confidence=Confidence.MEDIUM)))

    assert verdict.status is Status.HEALTHY


def test_what_was_measured_to_come_is_a_risk_until_it_shows() -> None:
    """An interface near its limit puts DNS at risk; once outside names fail, it is a problem that may be its work."""
    near = finding("eni-pps-throttle", Severity.WARNING, confidence=Confidence.MEDIUM)
    cells = dark(healthy(), Effect.LOSSY, lambda s: s.kind is NameKind.EXTERNAL)

    quiet, failing = judge(ASKED, steps(healthy(), near)), judge(ASKED, steps(cells, near))

    assert (Status.AT_RISK, ["eni-pps-throttle"]) == (quiet.status, codes(quiet))
    assert (Status.PROBLEM, ["eni-pps-throttle"]) == (failing.status, codes(failing))


def test_an_unsure_finding_is_named_where_it_explains() -> None:
    """The same guess is named, with its confidence, once external names fail."""
    cells = dark(healthy(), Effect.SERVFAIL, lambda s: s.kind is NameKind.EXTERNAL and s.path is not Path.UPSTREAM)
    cells = dark(cells, Effect.LOSSY, lambda s: s.path is Path.UPSTREAM)

    verdict = judge(ASKED, steps(cells, finding("eni-pps-throttle", confidence=Confidence.MEDIUM)))

    assert codes(verdict) == ["eni-pps-throttle"]
    assert verdict.causes[0].confidence is Confidence.MEDIUM


def test_a_consequence_is_not_named_beside_its_cause() -> None:
    """A Service that is missing has no ports that could be wrong."""
    cells = dark(healthy(), Effect.SILENT, through)

    verdict = judge(ASKED, steps(cells, finding("kube-dns-service-missing"), finding("kube-dns-ports-wrong")))

    assert codes(verdict) == ["kube-dns-service-missing"]


def test_five_second_lookups_beside_prompt_answers_are_the_race() -> None:
    """Only lookups of two questions wait: the marks of a lost twin."""
    cells = dark(
        healthy(), Effect.SLOW, lambda s: s.path is Path.CLIENT and not s.server and s.node == "a1", seconds=5.01
    )

    verdict = judge(ASKED, steps(cells))

    assert codes(verdict) == ["conntrack-race-5s"]
    assert verdict.causes[0].confidence is not Confidence.HIGH


def test_lookups_that_outlast_the_probe_beside_prompt_answers_are_the_race() -> None:
    """Where each name of the search list loses its twin, a lookup does not end in time at all."""
    cells = dark(healthy(), Effect.SILENT, lambda s: s.path is Path.CLIENT and not s.server and s.node == "a1")

    verdict = judge(ASKED, steps(cells))

    assert codes(verdict) == ["conntrack-race-5s"]
    assert verdict.unexplained == ()


def test_lookups_that_outlast_the_probe_are_no_race_where_something_else_is_silent() -> None:
    """Beside servers outside that do not answer, a lookup may wait for them: nothing is guessed."""
    cells = dark(healthy(), Effect.SILENT, lambda s: s.path is Path.CLIENT and not s.server and s.node == "a1")
    cells = dark(cells, Effect.SILENT, lambda s: s.path is Path.UPSTREAM)

    verdict = judge(ASKED, steps(cells))

    assert codes(verdict) == []
    assert verdict.unexplained


def test_a_dead_server_that_the_corefile_names_is_told_beside_a_vpc_without_dns() -> None:
    """The VPC's switch silences the VPC's resolver and no other server; where the Corefile names that one, it is enough."""
    kinds = (NameKind.EXTERNAL, NameKind.ASKED)
    outside = dark(healthy(), Effect.SERVFAIL, lambda s: s.kind is NameKind.EXTERNAL and s.path is not Path.UPSTREAM)
    off = finding("vpc-dns-support-off", scope=Scope(kinds=kinds, servers=("10.20.0.2",)))
    named = {}
    for server in ("10.20.9.53", "10.20.0.2"):
        cells = [replace(s, server=server, effect=Effect.SILENT) if s.path is Path.UPSTREAM else s for s in outside]
        forward = finding(
            "corefile-no-or-bad-forward", confidence=Confidence.MEDIUM, scope=Scope(kinds=kinds, servers=(server,))
        )
        verdict = judge(ASKED, steps(cells, off, forward))
        named[server] = codes(verdict), verdict.unexplained

    assert named == {
        "10.20.9.53": (["corefile-no-or-bad-forward", "vpc-dns-support-off"], ()),
        "10.20.0.2": (["vpc-dns-support-off"], ()),
    }


def test_a_server_that_is_dead_for_probes_alone_is_not_blamed() -> None:
    """Where CoreDNS itself answers outside names, the servers of its Corefile help it."""
    cells = dark(healthy(), Effect.SILENT, lambda s: s.path is Path.UPSTREAM)
    scope = Scope(kinds=(NameKind.EXTERNAL, NameKind.ASKED), servers=("10.20.0.2",))

    assert codes(judge(ASKED, steps(cells, finding("corefile-no-or-bad-forward", scope=scope)))) == []


def test_a_private_zone_that_the_servers_in_use_do_not_pass_on() -> None:
    """A name that a zone of the VPC has is not absent, and the servers that the VPC hands out and that deny it are named."""
    asked = Question(cluster="cluster-a", name="db.corp.internal")
    cells = healthy()
    cells += [
        replace(s, kind=NameKind.ASKED, zone="db.corp.internal", effect=Effect.NXDOMAIN) for s in cells if not s.bad
    ]
    absent = finding(
        "name-really-absent", Severity.WARNING, confidence=Confidence.LOW, scope=Scope(kinds=(NameKind.ASKED,))
    )
    hint = finding("dhcp-options-custom-dns", Severity.INFO, scope=Scope(servers=("10.20.0.2",)))
    held = Excluded(code="name-really-absent", because="the zone has it", scope=Scope(zones=("db.corp.internal",)))
    quiet = tuple(
        StepResult(check=check, title=check, outcome=Outcome.OK, summary="looked")
        for check in ("private-zones", "resolver-rules")
    )

    nobody = judge(asked, [*steps(cells, absent, hint), *quiet])
    own = judge(asked, [*steps(cells, absent, hint, excluded=(held,)), *quiet])
    unknown = judge(asked, [*steps(cells, absent, excluded=(held,)), *quiet])

    assert [codes(nobody), codes(own), codes(unknown)] == [["name-really-absent"], ["dhcp-options-custom-dns"], []]


def test_a_low_rate_does_not_rule_drops_out() -> None:
    """A resolver that answers some questions and loses others may be over its limit, whatever is counted of the answered."""
    free = cleared("eni-pps-throttle")
    lost = Signal(
        path=Path.UPSTREAM,
        effect=Effect.SILENT,
        summary="40 failed queries",
        server="10.20.0.2",
        kind=NameKind.EXTERNAL,
    )

    ruled = [
        [one.code for one in judge(ASKED, steps(cells, excluded=free)).ruled_out]
        for cells in (healthy(), [*healthy(), lost])
    ]

    assert ruled == [["eni-pps-throttle"], []]


def test_a_plugin_that_fails_the_asked_name_at_once_is_told_beside_dead_servers() -> None:
    """What is asked of dead servers fails late: a name that fails at once was never asked of them."""
    cells = dark(healthy(), Effect.SERVFAIL, lambda s: s.kind is NameKind.EXTERNAL, seconds=1.5)
    off = finding("vpc-dns-support-off", scope=Scope(kinds=(NameKind.EXTERNAL, NameKind.ASKED)))
    shadow = finding(
        "rewrite-hosts-template-shadow", Severity.WARNING, confidence=Confidence.MEDIUM,
        scope=Scope(kinds=(NameKind.ASKED,), zones=("example.com",)),
    )  # fmt: skip
    named = []
    for seconds in (0.01, 1.5):
        asked = [replace(s, kind=NameKind.ASKED, zone="www.example.com", seconds=seconds) for s in cells if s.bad]
        loaded = cleared("corefile-reload-timebomb")
        named.append(set(codes(judge(ASKED, steps([*cells, *asked], off, shadow, excluded=loaded)))))

    assert named == [{"vpc-dns-support-off", "rewrite-hosts-template-shadow"}, {"vpc-dns-support-off"}]


def test_tcp_alone_dead_between_nodes_is_tcp_blocked() -> None:
    """UDP passes and TCP does not, and no rule was read that says why."""
    cells = dark(
        healthy(), Effect.SILENT, lambda s: s.path is Path.REPLICA and s.transport == "tcp" and not s.same_node
    )
    cells = dark(cells, Effect.LOSSY, lambda s: s.path is Path.CLUSTER_IP and s.transport == "tcp")

    verdict = judge(ASKED, steps(cells))

    assert codes(verdict) == ["tcp-53-blocked"]


def test_a_cluster_that_nobody_saw_is_not_healthy() -> None:
    """Every essential step unknown: cannot see, with what would let it."""
    blind = StepResult(
        check="dns-through-cluster-ip",
        title="Every node gets answers",
        outcome=Outcome.UNKNOWN,
        summary="could not look",
        because="list nodes: 403 forbidden",
        grant="ClusterRole dnsmedic-read: …",
    )

    verdict = judge(ASKED, [blind])

    assert verdict.status is Status.CANNOT_SEE
    assert verdict.not_checked[0].grant.startswith("ClusterRole")


def test_a_gap_beside_answers_leaves_it_healthy_and_is_named() -> None:
    """One step that could not look does not make a cluster sick; it is listed."""
    blind = StepResult(
        check="vpc-dns", title="VPC", outcome=Outcome.UNKNOWN, summary="x", because="no right", grant="IAM"
    )

    verdict = judge(ASKED, [*steps(healthy()), blind])

    assert verdict.status is Status.HEALTHY
    assert [n.check for n in verdict.not_checked] == ["vpc-dns"]
