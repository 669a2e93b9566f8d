"""Security groups: who may open a connection to whom."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workers.cluster.aws import Rule, SecurityGroup
from workers.cluster.security_groups import Side, allows, authorize, holds, prefix_lists_of

ALL_OUT = (Rule(protocol="-1", first=0, last=65535, cidrs=("0.0.0.0/0",)),)
CLIENT = Side(groups=("sg-client",), address="10.0.1.5")
SERVER = Side(groups=("sg-server",), address="10.0.2.5")


def _allowed(
    *ingress: Rule,
    egress: tuple[Rule, ...] = ALL_OUT,
    transport: str = "udp",
    client: Side = CLIENT,
    lists: dict[str, tuple[str, ...]] | None = None,
) -> bool | None:
    groups = {
        "sg-client": SecurityGroup(id="sg-client", egress=egress),
        "sg-server": SecurityGroup(id="sg-server", ingress=ingress),
    }
    return allows(client, SERVER, transport, 53, groups, lists or {}).allowed


def _rule(
    protocol: str = "udp", first: int = 53, last: int = 53, *, cidrs: tuple[str, ...] = (), groups: tuple[str, ...] = ()
) -> Rule:
    return Rule(protocol=protocol, first=first, last=last, cidrs=cidrs, groups=groups)


def test_a_rule_for_the_clients_group_lets_it_in() -> None:
    """The other side's group is a source, whatever its address."""
    assert _allowed(_rule(groups=("sg-client",))) is True


def test_a_rule_for_another_or_a_deleted_group_does_not() -> None:
    """A group that nobody has matches nobody."""
    assert _allowed(_rule(groups=("sg-deleted",))) is False


def test_ranges_of_addresses_let_in_and_out() -> None:
    """A range holds the other side's address or does not; rubbish holds nothing."""
    assert _allowed(_rule(cidrs=("10.0.1.0/24",))) is True
    assert _allowed(_rule(cidrs=("10.0.9.0/24", "fd00::/8", "rubbish"))) is False
    assert _allowed(_rule(cidrs=("fd00::/8",)), client=Side(groups=("sg-client",), address="fd00::5")) is True


def test_protocol_and_port_must_fit() -> None:
    """UDP does not let TCP in; a range of ports, all traffic and protocol numbers count."""
    anyone = ("0.0.0.0/0",)

    assert _allowed(_rule("udp", cidrs=anyone), transport="tcp") is False
    assert _allowed(_rule("tcp", 1025, 65535, cidrs=anyone), transport="tcp") is False
    assert _allowed(_rule("tcp", 1, 65535, cidrs=anyone), transport="tcp") is True
    assert _allowed(_rule("17", cidrs=anyone)) is True
    assert _allowed(_rule("-1", 0, 65535, cidrs=anyone), transport="tcp") is True
    assert _allowed(_rule("icmp", 0, 65535, cidrs=anyone)) is False


def test_the_clients_egress_counts_too() -> None:
    """A client that may not send does not get through an open door, and the two sides are told apart."""
    groups = {
        "sg-client": SecurityGroup(id="sg-client", egress=(_rule("tcp", 443, 443, cidrs=("0.0.0.0/0",)),)),
        "sg-server": SecurityGroup(id="sg-server", ingress=(_rule(cidrs=("0.0.0.0/0",)),)),
    }

    found = allows(CLIENT, SERVER, "udp", 53, groups, {})

    assert (False, True, False) == (found.egress, found.ingress, found.allowed)


def test_no_rule_at_all_denies() -> None:
    """A group without rules lets nothing in."""
    assert _allowed() is False


def test_prefix_lists_count_by_their_ranges() -> None:
    """A list that holds the address lets it in; one that could not be read leaves it open whether it does."""
    rule = Rule(protocol="udp", first=53, last=53, prefix_lists=("pl-1",))

    assert _allowed(rule, lists={"pl-1": ("10.0.0.0/16",)}) is True
    assert _allowed(rule, lists={"pl-1": ("10.9.0.0/16",)}) is False
    assert _allowed(rule) is None
    assert ("pl-1",) == prefix_lists_of([SecurityGroup(id="sg-1", ingress=(rule,))])


def test_a_group_that_cannot_be_read_is_no_denial() -> None:
    """What depends on unknown rules is unknown, and named; a group that is known may still let through."""
    unread = allows(CLIENT, SERVER, "udp", 53, {"sg-client": SecurityGroup(id="sg-client", egress=ALL_OUT)}, {})
    both = Side(groups=("sg-server", "sg-unread"), address="10.0.2.5")
    server = SecurityGroup(id="sg-server", ingress=(_rule(cidrs=("0.0.0.0/0",)),))
    client = SecurityGroup(id="sg-client", egress=ALL_OUT)

    assert (None, ("sg-server",)) == (unread.allowed, unread.unread)
    assert allows(CLIENT, both, "udp", 53, {"sg-client": client, "sg-server": server}, {}).allowed is True


def test_rules_of_all_groups_add_up() -> None:
    """One of several groups is enough."""
    client = Side(groups=("sg-client", "sg-dns"), address="10.0.1.5")

    assert _allowed(_rule(groups=("sg-dns",)), client=client) is True


def test_the_command_names_both_groups() -> None:
    """What opens the door is one line with real names."""
    told = authorize(inward=True, group="sg-1", other="sg-2", transport="tcp", region="eu-west-3")

    assert (
        "aws ec2 authorize-security-group-ingress --region eu-west-3 --group-id sg-1 --ip-permissions "
        "'IpProtocol=tcp,FromPort=53,ToPort=53,UserIdGroupPairs=[{GroupId=sg-2}]'"
    ) == told


@given(st.text(), st.text())
def test_holds_never_fails(network: str, address: str) -> None:
    """Whatever AWS or Kubernetes calls a range or an address."""
    assert holds(network, address) in (True, False)
