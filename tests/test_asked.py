"""What somebody means by a name: a cluster name in one of its short forms, or an outside one."""

from __future__ import annotations

import pytest

from contract.model import Effect, NameKind, Path
from workers.cluster.asked import AskedName, Candidate, Said, in_its_family, meant_by
from workers.cluster.survey import Asked, Name, Target

DOMAIN = "cluster.local"
SHOP = {"web": False, "db": True}


def _asked(name: str, found: str = "", *addresses: str) -> AskedName:
    """The name, asked about for a pod of the namespace shop; found: what it resolves to."""
    said = (Said(pod="coredns-1", effect=Effect.OK, line="", rcode="NOERROR", addresses=addresses),)
    candidates = (Candidate(name=found, said=said),) if found else ()
    return AskedName(
        name=name, domain=DOMAIN, candidates=candidates, namespace="shop", search=("shop.svc.cluster.local",)
    )


@pytest.mark.parametrize(
    "name, services, expected",
    [
        ("db-0.db", {"shop": SHOP}, "db-0.db.shop.svc.cluster.local"),
        ("db-0.nosuch", {"shop": SHOP}, ""),
        ("web-0.web", {"shop": SHOP}, "web-0.web.shop.svc.cluster.local"),
        ("example.web", {"shop": SHOP}, ""),
        ("db-0.db", {}, ""),
        ("db-0.db.svc", {"shop": SHOP}, ""),
        ("db-0.db.", {"shop": SHOP}, ""),
        ("wbe.shop", {"shop": SHOP}, "wbe.shop.svc.cluster.local"),
        # Namespace and Service of one name: the pod is meant only where there is no such Service, as far as that is known.
        ("redis-0.redis", {"shop": SHOP, "redis": {"redis": True}}, "redis-0.redis.redis.svc.cluster.local"),
        ("redis-0.redis", {"shop": SHOP | {"redis": True}, "redis": {}}, "redis-0.redis.shop.svc.cluster.local"),
        ("redis-0.redis", {"redis": {"redis": True, "redis-0": False}}, "redis-0.redis.svc.cluster.local"),
        ("redis-0.redis", {"shop": {"redis": True}}, "redis-0.redis.svc.cluster.local"),
        ("redis-0.redis", {"shop": {"redis": False}, "redis": {}}, "redis-0.redis.svc.cluster.local"),
    ],
)
def test_two_labels_are_a_service_or_a_pod(name: str, services: dict[str, dict[str, bool]], expected: str) -> None:
    """SERVICE.NAMESPACE where the second label is a Namespace; POD.SERVICE where it is a Service beside the asking pod."""
    assert expected == meant_by(_asked(name), {"shop", "redis"}, services)


def test_an_outside_name_that_is_not_denied_is_no_pod() -> None:
    """The last label of an outside name may be a Service's name: as long as nobody denies it, it is that."""
    said = (Said(pod="coredns-1", effect=Effect.SERVFAIL, line="", rcode="SERVFAIL"),)
    asked = AskedName(name="pay.db", domain=DOMAIN, candidates=(Candidate(name="pay.db", said=said),), namespace="shop")

    assert "" == meant_by(asked, {"shop"}, {"shop": SHOP})


def test_what_resolves_is_what_is_meant() -> None:
    """A name that exists with a search domain of the cluster means that one."""
    asked = _asked("web.shop", "web.shop.svc.cluster.local", "172.20.0.9")

    assert "web.shop.svc.cluster.local" == meant_by(asked, {"shop"}, {"shop": SHOP})


@pytest.mark.parametrize(
    "addresses, effect, expected",
    [
        (("2001:db8::1",), Effect.NODATA, Effect.OK),
        (("2001:db8::1",), Effect.NXDOMAIN, Effect.NXDOMAIN),
        (("2001:db8::1", "192.0.2.1"), Effect.NODATA, Effect.NODATA),
        ((), Effect.NODATA, Effect.NODATA),
    ],
)
def test_a_name_with_ipv6_alone_has_no_other_address(
    addresses: tuple[str, ...], effect: Effect, expected: Effect
) -> None:
    """That a probe gets no IPv4 address is right where the name has none; that the name is denied is not."""
    name = "six.example.com"
    target = Target(path=Path.CLUSTER_IP, address="172.20.0.10", label="kube-dns")
    seen = Asked(
        node="a", policy="ClusterFirst", pod="", target=target, name=Name(kind=NameKind.ASKED, name=name), transport="udp",
        effect=effect,
    )  # fmt: skip

    (found,) = in_its_family(_asked(name, name, *addresses), [seen])

    assert expected is found.effect
