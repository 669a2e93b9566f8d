"""Plugins that answer for a name before it is forwarded are found in a Corefile, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.cluster.corefile import Corefile, CorefileError, parse
from workers.cluster.shadows import block_of, shadows

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
        ("rewrite name regex ( b", "www.example.com", ()),
        ("rewrite ttl example.com 30", "www.example.com", ()),
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
