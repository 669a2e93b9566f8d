"""Plugins that answer for a name before it is forwarded are found in a Corefile, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.cluster.corefile import Corefile, CorefileError, block_of, overridden, parse, shadows

ROOT = """.:53 {{
  errors
  {0}
  kubernetes cluster.local in-addr.arpa {{
    fallthrough in-addr.arpa
  }}
  forward . /etc/resolv.conf
}}
"""


@pytest.mark.parametrize(
    "plugin,name,expected",
    [
        ("", "www.example.com", ()),
        ("hosts {\n 1.2.3.4 api.example.com\n }", "www.example.com", ("hosts",)),
        ("hosts {\n 1.2.3.4 api.example.com\n fallthrough\n }", "www.example.com", ()),
        ("hosts {\n 1.2.3.4 api.example.com\n fallthrough\n }", "API.example.com.", ("hosts",)),
        ("hosts /etc/hosts example.com", "www.example.com", ("hosts",)),
        ("hosts /etc/hosts example.com", "www.example.org", ()),
        ("hosts /etc/hosts example.com {\n fallthrough example.org\n }", "www.example.com", ("hosts",)),
        ("template IN A example.com {\n rcode NXDOMAIN\n }", "www.example.com", ("template",)),
        ("template IN ANY . {\n match ^x[.]\n answer nothing\n fallthrough\n }", "x.example.com", ("template",)),
        ("template IN ANY . {\n match ^x[.]\n answer nothing\n fallthrough\n }", "y.example.com", ()),
        ("file /etc/db.example example.com", "www.example.com", ("file",)),
        ("rewrite name www.example.com web.shop.svc.cluster.local", "www.example.com", ("rewrite",)),
        ("rewrite stop {\n name suffix .example.com .example.org\n }", "www.example.com", ("rewrite",)),
        ("rewrite name regex (.*)[.]example[.]com {1}.example.org", "www.example.com", ("rewrite",)),
        ("rewrite name regex (a+)+$ b", "a" * 60, ()),
        ("rewrite name regex (a+)+[.]$ b", "a" * 60, ("rewrite",)),
        ("rewrite name regex ( b", "www.example.com", ()),
        ("rewrite ttl example.com 30", "www.example.com", ()),
        # Each of these decides between two ways to read a Corefile.
        ("rewrite name regex (.*)[.]example[.]com$ {1}.example.org", "www.example.com", ()),
        ("rewrite name prefix www. web.", "www.example.com", ("rewrite",)),
        ("rewrite name prefix www web", "www2.example.com", ()),
        ("rewrite name substring exam test", "www.example.com", ()),
        ("rewrite name substring example.c test.c", "www.example.com", ()),
        ("rewrite name suffix ample.com ample.org", "www.example.com", ("rewrite",)),
        ("rewrite name www.example.com www.example.com", "www.example.com", ()),
        ("rewrite edns0 local set 0xffee 0x61\n rewrite name www.example.com b.", "www.example.com", ()),
        ("rewrite continue edns0 local set 1 2\n rewrite name www.example.com b.", "www.example.com", ("rewrite",)),
        ("rewrite stop ttl regex .*com 30\n rewrite name www.example.com b.", "www.example.com", ()),
        ("rewrite class IN CH\n rewrite name www.example.com b.", "www.example.com", ("rewrite",)),
        ("rewrite type A AAAA\n template IN A . {\n rcode NXDOMAIN\n }", "www.example.com", ()),
        ("rewrite continue name www.example.com b.\n rewrite name b. www.example.com", "www.example.com", ()),
        ("hosts {\n 1.2.3.4 a.example.com\n }\n rewrite name www.example.com b.", "www.example.com", ("rewrite",)),
        ("template IN AAAA . {\n rcode NOERROR\n }", "www.example.com", ()),
        ("template CH A . {\n rcode NOERROR\n }", "www.example.com", ()),
        ("template IN A . {\n match ^x[.]\n rcode NXDOMAIN\n }", "www.example.com", ("template",)),
        ("hosts {\n 1.2.3.4 a.example.com\n fallthrough www.example.com\n }", "www.example.com", ()),
        ("hosts {\n ttl 60\n reload 5s\n fallthrough\n }", "5s", ()),
        ("hosts /etc/hosts example.com:53", "www.example.com", ("hosts",)),
        ("hosts /etc/hosts 10.0.0.0/16", "1.2.0.10.in-addr.arpa", ("hosts",)),
        ("file /etc/db\n hosts {\n fallthrough\n }\n template IN A {\n rcode NXDOMAIN\n }", "a.example", ("template",)),
        ("auto example.com\n secondary example.com", "www.example.com", ("auto", "secondary")),
        ("route53 example.com.:Z1", "www.example.com", ("route53",)),
        ("route53", "www.example.com", ()),
        ("azure group:example.com", "www.example.com", ("azure",)),
        ("azure example.com:other.example", "www.example.com", ()),
    ],
)
def test_plugins_of_the_root(plugin: str, name: str, expected: tuple[str, ...]) -> None:
    """A plugin covers a name by its zones, its entries, and what it passes on."""
    found = shadows(parse(ROOT.format(plugin)), name)

    assert expected == tuple(one.plugin for one in found)


def test_a_server_block_without_a_forward() -> None:
    """A block of its own without a forward answers alone for its zone."""
    found = shadows(parse(ROOT.format("") + "corp.example:53 {\n  errors\n}\n"), "db.corp.example")

    assert [("server block", "corp.example")] == [(one.plugin, one.zone) for one in found]


def test_a_server_block_that_forwards() -> None:
    """A block that forwards hides nothing by itself."""
    corefile = parse(ROOT.format("") + "corp.example:53 {\n  forward . 10.0.0.1\n}\n")

    assert () == shadows(corefile, "db.corp.example")


def test_names_of_the_cluster_that_its_plugin_denies() -> None:
    """What `kubernetes` serves and does not pass on is its own, before a file; what it passes on, it does not hide."""
    corefile = parse(ROOT.format("file /etc/db cluster.local in-addr.arpa"))

    assert [("kubernetes", "cluster.local")] == [(one.plugin, one.zone) for one in shadows(corefile, "a.cluster.local")]
    assert ["file"] == [one.plugin for one in shadows(corefile, "1.in-addr.arpa")]


@pytest.mark.parametrize("plugin", ["kubernetes cluster.local", "forward . 10.0.0.1", "grpc . 10.0.0.1", "unbound"])
def test_a_server_block_in_which_something_answers(plugin: str) -> None:
    """A block of its own hides nothing by itself where one of its plugins answers or asks elsewhere."""
    corefile = parse(ROOT.format("") + f"svc.cluster.local {{\n  {plugin}\n}}\n")

    assert "server block" not in [one.plugin for one in shadows(corefile, "a.b.svc.cluster.local")]


def test_another_port_than_53() -> None:
    """Where no block listens on 53, kube-dns maps the port of the first one."""
    corefile = parse(ROOT.format("hosts").replace(":53", ":5353") + "tls://example.com {\n forward . 1.1.1.1\n}\n")

    assert ["hosts"] == [one.plugin for one in shadows(corefile, "www.example.com")]
    assert block_of(corefile, "www.example.com") is corefile.blocks[0]


@pytest.mark.parametrize(
    "name,keys",
    [("db.eu.corp.example", ("eu.corp.example",)), ("db.corp.example", ("corp.example",)), ("example", (".:53",))],
)
def test_the_longest_zone_wins(name: str, keys: tuple[str, ...]) -> None:
    """CoreDNS takes a query to the block with the longest zone."""
    text = ROOT.format("") + "corp.example {\n forward . 10.0.0.1\n}\neu.corp.example {\n forward . 10.0.0.2\n}\n"
    found = block_of(parse(text), name)

    assert keys == (found.keys if found else ())


def test_an_empty_corefile_hides_nothing() -> None:
    """Nothing covers a name where no block does."""
    assert () == shadows(Corefile(()), "www.example.com")


@given(st.text(alphabet="hosts template rewrite file name regex{}\n.*+()abc:53", max_size=400), st.text(max_size=60))
def test_any_corefile_and_name(text: str, name: str) -> None:
    """Whatever parses as a Corefile can be searched for any name."""
    try:
        corefile = parse(text)
    except CorefileError:
        return

    assert all(one.plugin for one in shadows(corefile, name))


@pytest.mark.parametrize(
    "plugin,expected",
    [
        ("", False),
        ("hosts /etc/coredns/NodeHosts {\n fallthrough\n }", False),
        ("hosts {\n 1.2.3.4 api.example.com\n fallthrough\n }", False),
        ("hosts {\n 1.2.3.4 api.example.com\n }", True),
        ("hosts {\n 1.2.3.4 web.shop.svc.cluster.local\n fallthrough\n }", True),
        ("rewrite name exact web.shop.svc.cluster.local web-v2.shop.svc.cluster.local", True),
        ("rewrite name exact api.shop.svc.cluster.local api-v2.shop.svc.cluster.local", False),
        ("template IN A shop.svc.cluster.local {\n rcode NXDOMAIN\n }", True),
    ],
)
def test_a_name_of_the_cluster_is_its_own_unless_another_plugin_decides(plugin: str, expected: bool) -> None:  # noqa: FBT001
    """`kubernetes` answers for itself; what comes before it counts only where it takes this very name."""
    corefile = parse(ROOT.format(plugin))

    assert overridden(corefile, "web.shop.svc.cluster.local") is expected
