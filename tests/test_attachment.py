"""Which interface carries which pod, and who makes network policies hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from botocore.stub import Stubber

from contract.clusters import ClusterEntry
from workers.cluster.attachment import Held, instance
from workers.cluster.aws import Aws
from workers.cluster.enforcement import vpc_cni
from workers.cluster.objects import Node, Workload
from workers.cluster.session import Session

ENTRY = ClusterEntry(name="cluster-a", eks_name="cluster-a", region="us-east-1")


@pytest.fixture(scope="module")
def session() -> Session:
    """A session whose requests never leave: each test answers them itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        made = Session(ENTRY, asked_by="U1", run="run_1")
        made.client("ec2")
    return made


@pytest.fixture
def ec2(session: Session) -> Iterator[Stubber]:
    """What EC2 answers next."""
    with Stubber(session.client("ec2")) as stub:
        yield stub


def _node(name: str, address: str, identity: str = "") -> Node:
    made = {
        "metadata": {"name": name},
        "spec": {"providerID": f"aws:///us-east-1a/{identity}" if identity else ""},
        "status": {"addresses": [{"type": "InternalIP", "address": address}]},
    }
    return msgspec.convert(made, Node)


def _interface(name: str, own: str, index: int, more: tuple[str, ...] = (), **fields: Any) -> dict[str, Any]:
    return {
        "NetworkInterfaceId": name,
        "PrivateIpAddress": own,
        "PrivateIpAddresses": [{"PrivateIpAddress": a} for a in (own, *more)],
        "Attachment": {"InstanceId": "i-1", "DeviceIndex": index, "NetworkCardIndex": 0},
        "Groups": [{"GroupId": f"sg-{name}"}],
        **fields,
    }


def test_pods_of_a_node_use_the_interfaces_with_more_addresses(session: Session, ec2: Stubber) -> None:
    """With custom networking the first interface carries no pod, and is not judged."""
    found = [_interface("eni-1", "10.0.1.5", 0), _interface("eni-2", "100.64.0.5", 1, ("100.64.0.6", "100.64.0.7"))]
    ec2.add_response("describe_network_interfaces", {"NetworkInterfaces": found})
    node = _node("n1", "10.0.1.5", "i-1")

    held = Held(Aws(session, ENTRY), [node], ["100.64.0.7"])

    assert [("n1", "100.64.0.6", "eni-2", ("sg-eni-2",))] == [
        (e.name, e.address, e.interface, e.groups) for e in held.clients(node, six=False)
    ]


def test_a_node_without_more_addresses_is_its_first_interface(session: Session, ec2: Stubber) -> None:
    """Where no interface carries pods yet, the node's own is judged."""
    found = [_interface("eni-2", "10.0.1.9", 1), _interface("eni-1", "10.0.1.5", 0)]
    ec2.add_response("describe_network_interfaces", {"NetworkInterfaces": found})
    node = _node("n1", "10.0.1.5", "i-1")

    held = Held(Aws(session, ENTRY), [node], [])

    assert ["eni-1"] == [e.interface for e in held.clients(node, six=False)]


def test_addresses_of_delegated_prefixes_are_found(session: Session, ec2: Stubber) -> None:
    """A pod's address out of a prefix belongs to the interface that holds the prefix, and is not asked for again."""
    found = [_interface("eni-1", "10.0.1.5", 0, Ipv4Prefixes=[{"Ipv4Prefix": "10.0.1.16/28"}])]
    ec2.add_response("describe_network_interfaces", {"NetworkInterfaces": found})
    node = _node("n1", "10.0.1.5", "i-1")

    held = Held(Aws(session, ENTRY), [node], ["10.0.1.19"])
    one = held.of("10.0.1.19")

    assert one is not None
    assert "eni-1" == one.id
    assert ["10.0.1.17"] == [e.address for e in held.clients(node, six=False)]


def test_other_addresses_are_asked_for_by_themselves(session: Session, ec2: Stubber) -> None:
    """A branch interface is attached to no instance: its address leads to it. One that nobody holds is unknown."""
    branch = {"NetworkInterfaceId": "eni-9", "PrivateIpAddress": "10.0.1.77", "InterfaceType": "branch"}
    ec2.add_response("describe_network_interfaces", {"NetworkInterfaces": [_interface("eni-1", "10.0.1.5", 0)]})
    ec2.add_response("describe_network_interfaces", {"NetworkInterfaces": [branch]})

    held = Held(Aws(session, ENTRY), [_node("n1", "10.0.1.5", "i-1")], ["10.0.1.77", "10.0.1.78"])

    assert ["eni-9", None] == [one.id if one else None for one in (held.of("10.0.1.77"), held.of("10.0.1.78"))]


def test_pods_with_ipv6_get_such_an_end(session: Session, ec2: Stubber) -> None:
    """Rules are judged by the family that the pods talk."""
    prefixes = [{"Ipv6Prefix": "2600:1f18::/80"}]
    found = [
        _interface("eni-1", "10.0.1.5", 0, Ipv6Addresses=[{"Ipv6Address": "2600:1f18:1::5"}], Ipv6Prefixes=prefixes)
    ]
    ec2.add_response("describe_network_interfaces", {"NetworkInterfaces": found})
    node = _node("n1", "2600:1f18:1::5", "i-1")

    held = Held(Aws(session, ENTRY), [node], [])

    assert ["2600:1f18::1"] == [e.address for e in held.clients(node, six=True)]


@pytest.mark.parametrize(
    "provider,identity",
    [("i-0abc", "i-0abc"), ("fargate-ip-10-0-1-5", ""), ("", "")],
)
def test_the_instance_of_a_node(provider: str, identity: str) -> None:
    """Nodes that are no EC2 instance have none."""
    assert identity == instance(_node("n", "10.0.1.5", provider))


def _daemon_set(*args: str, mode: str = "standard", agent: bool = True) -> Workload:
    main = {"name": "aws-node", "env": [{"name": "NETWORK_POLICY_ENFORCING_MODE", "value": mode}]}
    containers = [main, {"name": "aws-eks-nodeagent", "args": list(args)}] if agent else [main]
    return msgspec.convert({"spec": {"template": {"spec": {"containers": containers}}}}, Workload)


@pytest.mark.parametrize(
    "args,name",
    [
        (("--enable-network-policy=true",), "the VPC CNI"),
        (("--enable-network-policy",), "the VPC CNI"),
        (("--enable-network-policy=false",), ""),
        ((), ""),
    ],
)
def test_the_policy_agent_says_whether_it_is_on(args: tuple[str, ...], name: str) -> None:
    """The arguments of the agent's container decide."""
    found = vpc_cni(_daemon_set(*args))

    assert found is not None
    assert (name, True, False) == (found.name, found.sure, found.strict)


def test_mode_strict_counts_where_policies_hold() -> None:
    """A mode of an agent that is off says nothing."""
    on = vpc_cni(_daemon_set("--enable-network-policy=true", mode="strict"))
    off = vpc_cni(_daemon_set("--enable-network-policy=false", mode="strict"))

    assert on is not None
    assert off is not None
    assert (True, False) == (on.strict, off.strict)


def test_without_an_agent_nobody_knows() -> None:
    """An old VPC CNI has no such container."""
    assert vpc_cni(_daemon_set(agent=False)) is None
