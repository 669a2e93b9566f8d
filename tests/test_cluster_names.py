"""Names are expanded as the C libraries do, taken apart as Kubernetes means them, and compared with those that exist."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.cluster.names import ClusterName, Form, Libc, domain_of, expansions, nearest, parsed, plain, under

SEARCH = ("shop.svc.cluster.local", "svc.cluster.local", "cluster.local", "ec2.internal")


@pytest.mark.parametrize(
    "name,ndots,libc,expected",
    [
        ("web.shop", 5, Libc.GLIBC, (*(f"web.shop.{s}" for s in SEARCH), "web.shop")),
        ("web.shop", 5, Libc.MUSL, (*(f"web.shop.{s}" for s in SEARCH), "web.shop")),
        ("web.shop", 1, Libc.GLIBC, ("web.shop", *(f"web.shop.{s}" for s in SEARCH))),
        ("web.shop", 1, Libc.MUSL, ("web.shop",)),
        ("web", 1, Libc.MUSL, (*(f"web.{s}" for s in SEARCH), "web")),
        ("web", 0, Libc.MUSL, ("web",)),
        ("example.com.", 5, Libc.GLIBC, ("example.com",)),
        ("a.b.c.d.e.f", 5, Libc.GLIBC, ("a.b.c.d.e.f", *(f"a.b.c.d.e.f.{s}" for s in SEARCH))),
        (".", 5, Libc.GLIBC, ()),
        ("", 5, Libc.MUSL, ()),
    ],
)
def test_expansions(name: str, ndots: int, libc: Libc, expected: tuple[str, ...]) -> None:
    """A glibc image falls back to the search list; a musl one does not once the name has enough dots."""
    assert expected == expansions(name, SEARCH, ndots, libc)


def test_names_that_are_too_long_are_left_out() -> None:
    """An expansion past 253 characters is never asked."""
    assert () == expansions("x" * 254, SEARCH, 5)


@pytest.mark.parametrize(
    "name,expected",
    [
        ("web.shop.svc.cluster.local", ClusterName(form=Form.SERVICE, service="web", namespace="shop")),
        ("WEB.Shop.SVC.cluster.LOCAL.", ClusterName(form=Form.SERVICE, service="web", namespace="shop")),
        ("db-0.db.shop.svc.cluster.local",
         ClusterName(form=Form.ENDPOINT, hostname="db-0", service="db", namespace="shop")),
        ("_http._tcp.web.shop.svc.cluster.local", ClusterName(form=Form.SRV, service="web", namespace="shop")),
        ("10-0-0-1.shop.pod.cluster.local", ClusterName(form=Form.POD, namespace="shop", address="10.0.0.1")),
        ("x-y.shop.pod.cluster.local", ClusterName(form=Form.POD, namespace="shop")),
        ("shop.svc.cluster.local", ClusterName(form=Form.NAMESPACE, namespace="shop")),
        ("web.shop.cluster.local", ClusterName(form=Form.OTHER, service="web", namespace="shop")),
        ("a.web.shop.cluster.local", ClusterName(form=Form.OTHER)),
        ("cluster.local", ClusterName(form=Form.OTHER)),
        ("web.shop", None),
        ("example.com", None),
        ("notcluster.local", None),
    ],
)  # fmt: skip
def test_parsed(name: str, expected: ClusterName | None) -> None:
    """A cluster name is taken apart, another one is not."""
    assert expected == parsed(name, "cluster.local")


@pytest.mark.parametrize(
    "internal,domain",
    [
        ("kubernetes.default.svc.cluster.local", "cluster.local"),
        ("kubernetes.default.svc.corp.example.", "corp.example"),
        ("nonsense", "cluster.local"),
    ],
)
def test_domain(internal: str, domain: str) -> None:
    """The cluster's domain is what follows the Service's part of the internal name."""
    assert domain == domain_of(internal)


def test_nearest_names() -> None:
    """A misspelt name leads to the one that was meant."""
    assert ("api.shop",) == nearest("apis.shop", ["api.shop", "billing.payments"])


def test_turkish_letters_are_not_folded() -> None:
    """Only ASCII letters have a lower case in DNS."""
    assert "İstanbul.example" == plain("İstanbul.EXAMPLE.")


@given(st.text(max_size=300), st.lists(st.text(max_size=80), max_size=8), st.integers(0, 16))
def test_any_name_and_search_list(name: str, search: list[str], ndots: int) -> None:
    """Every expansion fits into DNS, comes once, and musl asks nothing that glibc would not."""
    glibc, musl = (expansions(name, search, ndots, libc) for libc in (Libc.GLIBC, Libc.MUSL))

    assert (True, len(set(glibc)), set()) == (all(len(n) <= 253 for n in glibc), len(glibc), set(musl) - set(glibc))


@given(st.text(max_size=300), st.text(max_size=40))
def test_any_name_is_parsed_or_not(name: str, domain: str) -> None:
    """Whatever is under the domain has a form, and nothing else does."""
    found = parsed(name, domain)

    assert (found is not None) == (bool(plain(domain)) and under(name, domain))


@given(st.text(max_size=300), st.lists(st.text(max_size=30), max_size=20))
def test_nearest_are_known(wanted: str, known: list[str]) -> None:
    """Only names that exist are proposed, at most three."""
    found = nearest(wanted, known)

    assert (set(), True) == (set(found) - set(known), len(found) <= 3)
