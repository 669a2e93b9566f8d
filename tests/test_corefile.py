"""Corefiles are read, fingerprinted and checked as CoreDNS does it."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.cluster.corefile import (
    STOCK,
    Answer,
    CorefileError,
    Kind,
    Zone,
    fingerprint,
    forwards_of,
    lint,
    parse,
    taken,
    unloadable,
)

EKS = """.:53 {
    errors
    health {
        lameduck 5s
      }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
      pods insecure
      fallthrough in-addr.arpa ip6.arpa
    }
    prometheus :9153
    forward . /etc/resolv.conf
    cache 30
    loop
    reload
    loadbalance
}"""

KUBEADM = """.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30
    loop
    reload
    loadbalance
}"""

KUBEADM_12 = KUBEADM.replace(
    "cache 30\n", "cache 30 {\n       disable success cluster.local\n       disable denial cluster.local\n    }\n"
)
BAD = [
    json.loads(line)
    for line in (Path(__file__).parent / "badinput" / "corefile.jsonl").read_text(encoding="utf-8").splitlines()
]
PIECES = st.lists(
    st.sampled_from(
        [".:53", "{", "}", "\n", " ", "import", "(x)", "x", '"', "\\", "#", "forward", ".", "1.1.1.1", ",", "hosts",
         "kubernetes", "cluster.local", "{$A}", "\r", "10.0.0.0/13", "tls://", ":", "template", "IN", "A", "match", "("]
    )
)  # fmt: skip


@pytest.mark.parametrize("text,known", list(zip((EKS, KUBEADM, KUBEADM_12), STOCK, strict=True)))
def test_stock_texts_have_the_numbers_that_clusters_log(text: str, known: str) -> None:
    """The fingerprints of the stock Corefiles are those that real clusters logged."""
    assert known == fingerprint(text)


@pytest.mark.parametrize(
    "change",
    [("    ready", "\t\tready"), ("ready", "ready # comment"), ("\n", "\r\n"), (".:53", "\ufeff.:53")],
    ids=["indentation", "comment", "line-ends", "byte-order-mark"],
)
def test_what_changes_no_token_changes_no_fingerprint(change: tuple[str, str]) -> None:
    """White space inside a line, comments at its end, and carriage returns leave the fingerprint alone."""
    assert fingerprint(EKS) == fingerprint(EKS.replace(*change))


def test_a_blank_line_changes_the_fingerprint() -> None:
    """Line numbers are part of the fingerprint, as CoreDNS computes it."""
    assert fingerprint(EKS) != fingerprint(EKS.replace("    ready", "\n    ready"))


def test_what_go_escapes_is_escaped() -> None:
    """A text with quotes, brackets and an ampersand has the number that CoreDNS 1.12.4 logged for it."""
    text = '.:53 {\n log . "{type} \\"x\\" & <b>"\n reload # c\n}\n'

    logged = (
        "c9a72dccce149147b0124f6bc555f2c6039614ee66cc1ce526f3b78959d62abb"
        "10e9b315cf515ab7bbf7e61f41b66c2735620c708793fc135a47a56358b57356"
    )
    assert logged == fingerprint(text)


def test_keys_zones_and_transports() -> None:
    """Keys may name zones, ports, transports and networks, several to a block."""
    block = parse("tls://Example.org, 10.1.0.0/15,\n10.0.0.0/24:1053 {\n whoami\n}").blocks[0]

    names = [(zone.name, zone.port, zone.transport) for zone in block.zones]
    assert [
        ("example.org", 853, "tls"),
        ("0.10.in-addr.arpa", 53, "dns"),
        ("1.10.in-addr.arpa", 53, "dns"),
        ("0.0.10.in-addr.arpa", 1053, "dns"),
    ] == names


def test_directives_have_arguments_and_bodies() -> None:
    """A directive's words on its line are arguments; the lines in its braces are its body."""
    found = parse(KUBEADM).blocks[0].all("forward")[0]

    assert (".", "/etc/resolv.conf") == found.args
    assert ("1000",) == found.option("max_concurrent")
    assert 13 == found.line


def test_imports_bring_their_words() -> None:
    """Snippets and files are read in place of their import, and what a file brings keeps its own path and lines."""
    files = {"/etc/coredns/custom/a.override": "log\n", "/etc/coredns/custom/sub/b.override": "debug\n"}
    text = "(common) {\n errors\n}\n.:53 {\n import common\n import custom/*.override\n whoami\n}\n"

    names = [(each.name, each.file) for each in parse(text, files).blocks[0].directives]
    assert [("errors", ""), ("log", "/etc/coredns/custom/a.override"), ("whoami", "")] == names


def test_the_environment_fills_in() -> None:
    """Values of the environment stand in keys and arguments."""
    block = parse(
        "{$ZONE}:{%PORT%} {\n forward . {$UP}\n}", environment={"ZONE": "a.b", "PORT": "54", "UP": "1.1.1.1"}
    ).blocks[0]

    assert (Zone("a.b", 54),) == block.zones
    assert (".", "1.1.1.1") == block.directives[0].args


def test_forwards_by_zone_and_address() -> None:
    """Each forward is told with its zone, and with those targets that are addresses of plain DNS."""
    text = f"{EKS}\ncorp.example:53 {{\n forward . 10.0.0.1 [fd00::1]:5353 tls://9.9.9.9\n}}\n"

    root, stub = forwards_of(parse(text))
    assert ("", ("/etc/resolv.conf",), ()) == (root.zone, root.targets, root.addresses)
    assert ("corp.example", (("10.0.0.1", 53), ("fd00::1", 5353))) == (stub.zone, stub.addresses)


@pytest.mark.parametrize(
    "old,new,kind,line,version",
    [
        ("pods insecure", "pods insecure\n      upstream", Kind.UNKNOWN_PROPERTY, 9, "1.12.4"),
        ("pods insecure", "multicluster a.b", Kind.UNKNOWN_PROPERTY, 8, "1.9.3"),
        ("pods insecure", "pods sure", Kind.BAD_ARGUMENT, 8, "1.12.4"),
        ("/etc/resolv.conf", "dns.example", Kind.BAD_ARGUMENT, 12, "1.12.4"),
        ("forward . /etc/resolv.conf", "forward .", Kind.BAD_ARGUMENT, 12, "1.12.4"),
        ("/etc/resolv.conf", "/etc/resolv.conf {\n max_concurrent ten\n }", Kind.BAD_ARGUMENT, 13, "1.12.4"),
        ("loadbalance", "loadbalances", Kind.UNKNOWN_PLUGIN, 16, "1.12.4"),
        ("loadbalance", "proxy . 8.8.8.8", Kind.UNKNOWN_PLUGIN, 16, ""),
        ("loadbalance", "nomad", Kind.UNKNOWN_PLUGIN, 16, "1.11.4"),
        ("loadbalance\n}", "loadbalance", Kind.SYNTAX, 1, "1.12.4"),
        ("errors", "errors\n    errors", Kind.DUPLICATE, 3, "1.12.4"),
        ("health {\n        lameduck 5s\n      }", "health { lameduck 5s }", Kind.SYNTAX, 3, "1.12.4"),
        ("cache 30", "cache 0", Kind.BAD_ARGUMENT, 13, "1.12.4"),
        (".:53 {", ".:53{", Kind.BAD_KEY, 1, "1.12.4"),
    ],
)  # fmt: skip
def test_what_coredns_refuses_is_found(old: str, new: str, kind: Kind, line: int, version: str) -> None:
    """Each of these was refused by CoreDNS itself, and is found with its line."""
    found = [each for each in unloadable(EKS.replace(old, new), version) if each.fatal and each.sure]

    assert [(kind, line)] == [(each.kind, each.line) for each in found]


@pytest.mark.parametrize(
    "plugin,line",
    [
        ("rewrite name regex (.*\\.example b.example", 6),
        ("rewrite stop {\n name regex ^(?!www)(.*)$ {1}.example\n }", 6),
        ("rewrite name regex (.*)\\.example\\.com {1}.{2}.example", 6),
        ("rewrite name regex (.*)\\.a b.example answer name [a c.example", 6),
        ("rewrite name glob *.example.com b.example", 6),
        ("rewrite name a.example b.example c.example", 6),
        ("rewrite name suffix .a .b answer name x", 6),
        ("rewrite name a.example", 6),
        ("rewrite", 6),
        ("rewrite continue", 6),
        ("rewrite name suffix .a .b {\n answer auto\n }", 6),
        ("rewrite ttl regex a** 30", 6),
        ("rewrite rcode regex ( NXDOMAIN NOERROR", 6),
        ("template IN A example {\n match ^a\\1 ^x\n answer b\n }", 7),
        ("auto example {\n directory /zones db\\.(.* {1}\n }", 7),
    ],
)
def test_a_pattern_or_a_rule_that_coredns_refuses(plugin: str, line: int) -> None:
    """What Go takes for no regular expression, and a rule that is not whole, keep CoreDNS from loading."""
    found = unloadable(EKS.replace("    ready", f"    {plugin}"), "1.12.4")

    assert [(Kind.BAD_ARGUMENT, line, True, True)] == [(each.kind, each.line, each.fatal, each.sure) for each in found]


@pytest.mark.parametrize(
    "plugin",
    [
        "rewrite name regex (a+)+$ b.example",
        "rewrite name regex (?P<host>.*)\\.example\\.$ {1}.b.example answer name (.*)\\.b\\.example {1}.example",
        "rewrite stop {\n name suffix .a .b answer auto\n }",
        "rewrite stop {\n name regex (.*)[.]a {1}.b\n answer name (.*)[.]b {1}.a\n answer value (.*)[.]b {1}.a\n }",
        "rewrite ttl a.example 30-60",
        "rewrite rcode regex .* NXDOMAIN NOERROR",
        "rewrite cname exact a.example. b.example.",
        f"rewrite name regex ({'a|' * 200_000}b) c.example",
        f"template IN A example {{\n match {'(a{100}){10}' * 500}\n answer b\n }}",
    ],
    ids=lambda plugin: plugin[:40],
)
def test_a_pattern_that_coredns_may_take(plugin: str) -> None:
    """What Go's regular expressions take, and what is too large to be tried here, is not refused."""
    assert () == unloadable(EKS.replace("    ready", f"    {plugin}"), "1.12.4")


@pytest.mark.parametrize(
    "old,new,version",
    [
        ("pods insecure", "pods insecure\n      endpoint_pod_names", "1.12.4"),
        ("errors", "errors\n    health", "1.12.4"),
        ("errors", "errors\n    forward x.org 1.1.1.1", "1.12.4"),
        ("/etc/resolv.conf", "/etc/resolv.conf { max_concurrent 1000 }", "1.12.4"),
        ("loadbalance", "nomad", "1.15.0"),
        ("loadbalance", "kubernetai cluster.local", "1.12.4"),
        ("loadbalance", "a_plugin_of_tomorrow", "1.16.0"),
        ("pods insecure", "zonal", "1.14.0"),
    ],
)
def test_what_coredns_may_take_is_not_refused(old: str, new: str, version: str) -> None:
    """What CoreDNS takes, or a build or release that is not known here may take, is never surely refused."""
    assert [] == [each for each in unloadable(EKS.replace(old, new), version) if each.fatal and each.sure]


@pytest.mark.parametrize(
    "old,new,kind",
    [
        ("kubernetes cluster.local", "kubernetes other.local", Kind.WRONG_ZONE),
        ("forward . /etc/resolv.conf", "", Kind.NO_FORWARD),
        ("/etc/resolv.conf", "127.0.0.1", Kind.LOOP),
        ("/etc/resolv.conf", "172.20.0.10", Kind.LOOP),
        ("    ready\n", "", Kind.NO_READY),
        ("cache 30", "cache 30 {\n denial 9984 3600\n }", Kind.CACHE_DENIAL),
        ("/etc/resolv.conf", "/etc/resolv.conf {\n max_concurrent 5\n }", Kind.MAX_CONCURRENT),
        ("ready", "ready\n hosts {\n 1.2.3.4 a.example\n }", Kind.SHADOW),
    ],
)
def test_what_loads_and_does_harm_is_found(old: str, new: str, kind: Kind) -> None:
    """Defects that CoreDNS says nothing of are found, and a stock text has none."""
    found = lint(EKS.replace(old, new), "1.12.4", kube_dns=("172.20.0.10",), names=("www.example",))

    assert [kind] == [each.kind for each in found]
    assert () == lint(EKS, "1.12.4", kube_dns=("172.20.0.10",), names=("www.example",))


EXCEPT = "forward . /etc/resolv.conf {\n except amazonaws.com\n }"


@pytest.mark.parametrize(
    "forward,more,lost",
    [
        (EXCEPT, "", ("sts.amazonaws.com",)),
        ("forward corp.example 10.0.0.1", "", ("sts.amazonaws.com", "www.example")),
        (EXCEPT, "amazonaws.com:53 {\n forward . 10.0.0.1\n}\n", ()),
        (f"{EXCEPT}\n hosts /etc/coredns/own.hosts {{\n fallthrough\n }}", "", ()),
        (f"{EXCEPT}\n k8s_external amazonaws.com", "", ()),
        (f"{EXCEPT}\n view pods {{\n expr true\n }}", "", ()),
        ("forward . /etc/resolv.conf", "amazonaws.com:53 {\n template ANY ANY {\n rcode NXDOMAIN\n }\n}\n", ()),
    ],
)
def test_names_that_nobody_forwards_are_found(forward: str, more: str, lost: tuple[str, ...]) -> None:
    """A name that its block's `forward` leaves out is lost, unless another block or plugin may answer for it."""
    text = EKS.replace("forward . /etc/resolv.conf", forward) + more
    names = ("sts.amazonaws.com", "www.example", "kubernetes.default.svc.cluster.local")

    found = lint(text, "1.12.4", names=names)

    assert lost == tuple(zone for each in found if each.kind is Kind.NO_FORWARD for zone in each.zones)


@pytest.mark.parametrize(
    "served,left",
    [
        ("kube-system", ("kubernetes.default.svc.cluster.local",)),
        ("shop kube-system", ("kubernetes.default.svc.cluster.local",)),
        ("default", ("web.shop.svc.cluster.local",)),
        ("default shop", ()),
    ],
)
def test_namespaces_that_are_left_out_matter_where_their_names_are_asked(served: str, left: tuple[str, ...]) -> None:
    """A plugin that serves some namespaces alone denies the names of the others."""
    names = ("kubernetes.default.svc.cluster.local", "web.shop.svc.cluster.local", "default.example.org")
    asked = names if served.startswith("default") else (names[0], names[2])
    found = lint(EKS.replace("pods insecure", f"pods insecure\n      namespaces {served}"), "1.12.4", names=asked)

    assert [(Kind.NAMESPACES, left)] * bool(left) == [(each.kind, each.zones) for each in found]


def test_a_sidecar_on_another_port_is_no_loop() -> None:
    """A forward to the loopback address is only a loop where CoreDNS itself listens there."""
    assert () == lint(EKS.replace("/etc/resolv.conf", "127.0.0.1:5353"), "1.12.4")


@pytest.mark.parametrize(
    "plugin,name,answer",
    [
        ("hosts {\n 1.2.3.4 a.example\n }", "a.example", Answer.OWN),
        ("hosts {\n 1.2.3.4 a.example\n }", "b.example", Answer.SERVFAIL),
        ("hosts {\n 1.2.3.4 a.example\n fallthrough\n }", "b.example", Answer.REAL),
        ("hosts /x example.com {\n 1.2.3.4 a.example.com\n }", "b.example", Answer.REAL),
        ("template IN A example.com {\n rcode NXDOMAIN\n }", "b.example.com", Answer.OWN),
        ("template IN A {\n match ^nothing$\n fallthrough\n }", "b.example.com", Answer.REAL),
        ("template IN A {\n match ^nothing$\n }", "b.example.com", Answer.SERVFAIL),
        ("rewrite name a.example web.shop.svc.cluster.local", "a.example", Answer.RENAMED),
        ("rewrite stop name suffix .example .org", "a.example", Answer.RENAMED),
        ("rewrite name regex (.*)\\.example\\.$ {1}.org", "b.example.com", Answer.REAL),
        ("rewrite stop {\n name suffix .example.com .example.org\n answer auto\n }", "b.example.com", Answer.RENAMED),
        ("rewrite continue name regex (.*)\\.example\\.com\\.$ {1}.org", "b.example.com", Answer.RENAMED),
        ("rewrite name prefix b b", "b.example.com", Answer.REAL),
        ("template IN A {\n match ( ^b\n }", "b.example.com", Answer.OWN),
        (f"template IN A {{\n match {'(a{100}){10}' * 500}\n }}", "b.example.com", Answer.REAL),
        ("template IN A {\n match [[:alpha:]]\\z\n fallthrough\n }", "b.example.com", Answer.REAL),
        ("template IN A {\n match [[:alpha:]]\\.\\z\n fallthrough\n }", "b.example.com", Answer.OWN),
        ("hosts {\n 1.2.3.4 a.example\n fallthrough b.example\n }", "b.example", Answer.REAL),
        ("etcd b.example", "b.example", Answer.OWN),
        ("kubernetes b.example {\n fallthrough\n }\n file /etc/db b.example", "b.example", Answer.REAL),
    ],
)
def test_who_takes_a_name(plugin: str, name: str, answer: Answer) -> None:
    """The plugins come in CoreDNS' own order, wherever they stand in the text."""
    found = taken(parse(EKS.replace("    ready", f"    ready\n {plugin}")), name)

    assert found is not None
    assert answer is found.answer


@pytest.mark.parametrize("case", BAD, ids=lambda case: repr(case["input"][:40]))
def test_bad_corefiles_are_survived(case: dict[str, str]) -> None:
    """Every text of the bad-input corpus leads to the defect that it has, or to none."""
    kinds = {str(each.kind) for each in unloadable(case["input"], "1.12.4")}

    assert case["expected"] in kinds | ({"loads"} if not kinds else set()) | {"any"}
    with contextlib.suppress(CorefileError):
        forwards_of(parse(case["input"]))


@given(st.one_of(st.text(), PIECES.map("".join), PIECES.map(" ".join)))
def test_any_text_is_a_corefile_or_an_error_with_a_line(text: str) -> None:
    """Nothing that somebody writes does more than raise CorefileError; lint never raises."""
    with contextlib.suppress(CorefileError):
        parse(text)
        assert 128 == len(fingerprint(text))
        assert isinstance(forwards_of(parse(text)), tuple)

    assert isinstance(lint(text, "1.12.4", names=("a.example",)), tuple)


def test_a_megabyte_is_read() -> None:
    """A Corefile as large as a ConfigMap can be is read whole."""
    text = ".:53 {\n whoami\n}\n" + "".join(f"z{n}.example:53 {{\n forward . 10.0.0.1\n}}\n" for n in range(20_000))

    assert 20_000 == len(forwards_of(parse(text)))
