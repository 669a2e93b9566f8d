"""The AWS side against a moto server on loopback, and against answers and errors that moto does not give."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber
from moto.server import ThreadedMotoServer

from contract.clusters import ClusterEntry
from workers.cluster import CannotRead, Why
from workers.cluster.aws import Aws, Rule, Zone
from workers.cluster.session import Session

POLICY = Path(__file__).parent.parent / "deploy" / "iam" / "read-policy.json"
ENTRY = ClusterEntry(name="cluster-a", eks_name="cluster-a", region="us-east-1")
ROLE = "arn:aws:iam::123456789012:role/dnsmedic-read"


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    """The address of a moto server, the same for all tests of this file."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def _settings(patch: pytest.MonkeyPatch, url: str) -> None:
    """An endpoint on loopback, and keys that open nothing."""
    for name, value in (("ENDPOINT_URL", url), ("ACCESS_KEY_ID", "testing"), ("SECRET_ACCESS_KEY", "testing")):
        patch.setenv(f"AWS_{name}", value)
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="module")
def shared(moto_url: str) -> Session:
    """A session of the worker's own identity; its clients are made once, since that is slow."""
    with pytest.MonkeyPatch.context() as patch:
        _settings(patch, moto_url)
        made = Session(ENTRY, asked_by="U1", run="run_1")
        for service in ("ec2", "eks", "route53", "route53resolver", "cloudwatch"):
            made.client(service)
    return made


@pytest.fixture
def session(shared: Session, moto_url: str) -> Session:
    """The session, at an empty moto."""
    _reset(moto_url)
    return shared


@pytest.fixture
def aws(session: Session) -> Aws:
    """The AWS side of cluster-a, with nothing asked yet."""
    return Aws(session, ENTRY)


def _reset(url: str) -> None:
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"POST /moto-api/reset HTTP/1.0\r\nContent-Length: 0\r\n\r\n")
        while connection.recv(4096):
            pass


def _made(session: Session, service: str) -> Any:
    return session.client(service)


def _vpc(ec2: Any, cidr: str = "10.9.0.0/16") -> str:
    return str(ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"])


# What moto has


def test_the_cluster_is_read_and_its_vpc_derived(session: Session, aws: Aws) -> None:
    """Fields that DescribeCluster leaves out have defaults, and the VPC comes from a subnet."""
    ec2 = _made(session, "ec2")
    vpc = _vpc(ec2)
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    eks = _made(session, "eks")
    eks.create_cluster(
        name="cluster-a",
        version="1.34",
        roleArn="arn:aws:iam::123456789012:role/eks",
        resourcesVpcConfig={"subnetIds": [subnet]},
    )

    found = aws.cluster()

    assert ("cluster-a", "1.34", vpc) == (found.name, found.version, found.vpc)
    assert (False, False, ()) == (found.auto, found.remote, found.issues)
    assert "" == found.cluster_security_group


def test_an_addon_that_is_not_there_is_none(session: Session, aws: Aws) -> None:
    """A missing add-on is an answer, not an error."""
    with Stubber(_made(session, "eks")) as stub:
        stub.add_client_error("describe_addon", "ResourceNotFoundException", "No addon: coredns found", 404)

        found = aws.addon("coredns")

    assert found is None


def test_an_addon_is_read_with_its_issues(session: Session, aws: Aws) -> None:
    """Version, status, configuration and issues come from DescribeAddon."""
    answer = {
        "addon": {
            "addonName": "coredns",
            "addonVersion": "v1.12.4-eksbuild.1",
            "status": "DEGRADED",
            "health": {"issues": [{"code": "InsufficientNumberOfReplicas", "message": "0 of 2"}]},
        }
    }
    with Stubber(_made(session, "eks")) as stub:
        stub.add_response("describe_addon", answer)

        found = aws.addon("coredns")

    assert found is not None
    assert ("v1.12.4-eksbuild.1", "DEGRADED") == (found.version, found.status)
    assert (("InsufficientNumberOfReplicas", "0 of 2"),) == found.issues
    assert "" == found.configuration


def test_interfaces_are_found_by_address_and_by_instance(session: Session, aws: Aws) -> None:
    """An address leads to the interface that holds it, an instance to all of its own."""
    ec2 = _made(session, "ec2")
    vpc = _vpc(ec2)
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="nodes", Description="nodes", VpcId=vpc)["GroupId"]
    image = ec2.register_image(Name="node")["ImageId"]
    attached = [{"DeviceIndex": 0, "SubnetId": subnet, "PrivateIpAddress": "10.9.1.7", "Groups": [group]}]
    made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, NetworkInterfaces=attached)["Instances"][0]

    by_address = aws.interfaces(["10.9.1.7", "10.9.1.200", ""])
    by_instance = aws.instance_interfaces([made["InstanceId"]])

    assert by_address == by_instance
    assert [("10.9.1.7",)] == [one.addresses for one in by_address]
    assert (subnet, (group,), True) == (by_address[0].subnet, by_address[0].groups, by_address[0].primary)
    assert () == aws.interfaces([])


def test_security_groups_are_read_with_their_rules(session: Session, aws: Aws) -> None:
    """Ranges of both families, groups and ports come as they stand; a group that does not exist is missing."""
    ec2 = _made(session, "ec2")
    vpc = _vpc(ec2)
    group = ec2.create_security_group(GroupName="dns", Description="dns", VpcId=vpc)["GroupId"]
    permissions = [
        {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "IpRanges": [{"CidrIp": "10.9.0.0/16"}]},
        {"IpProtocol": "tcp", "FromPort": 53, "ToPort": 53, "Ipv6Ranges": [{"CidrIpv6": "fd00::/8"}]},
        {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]},
    ]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=permissions)

    found = aws.security_groups([group, "sg-00000000000000000"])

    assert ["dns"] == [one.name for one in found]
    assert {
        Rule(protocol="udp", first=53, last=53, cidrs=("10.9.0.0/16",)),
        Rule(protocol="tcp", first=53, last=53, cidrs=("fd00::/8",)),
        Rule(protocol="-1", first=0, last=65535, groups=(group,)),
    } == set(found[0].ingress)
    assert (Rule(protocol="-1", first=0, last=65535, cidrs=("0.0.0.0/0",)),) == found[0].egress


def test_prefix_lists_are_read(session: Session, aws: Aws) -> None:
    """A managed prefix list gives its ranges."""
    ec2 = _made(session, "ec2")
    made = ec2.create_managed_prefix_list(
        PrefixListName="offices", AddressFamily="IPv4", MaxEntries=5, Entries=[{"Cidr": "10.20.0.0/16"}]
    )["PrefixList"]

    found = aws.prefix_list(made["PrefixListId"])

    assert ("10.20.0.0/16",) == found


def test_network_acls_come_in_the_order_of_their_numbers(session: Session, aws: Aws) -> None:
    """The entries of a subnet's ACL are sorted, and one without a range of ports is about all."""
    ec2 = _made(session, "ec2")
    vpc = _vpc(ec2)
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    default = ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkAcls"][0]["NetworkAclId"]
    ec2.create_network_acl_entry(
        NetworkAclId=default, Egress=False, RuleNumber=50, Protocol="17", PortRange={"From": 53, "To": 53},
        RuleAction="deny", CidrBlock="0.0.0.0/0",
    )  # fmt: skip

    found = aws.network_acls([subnet])

    inward = [e for e in found[0].entries if not e.egress]
    assert [(default, True, (subnet,))] == [(one.id, one.default, one.subnets) for one in found]
    assert [(50, False, 53, 53), (100, True, 0, 65535), (32767, False, 0, 65535)] == [
        (e.number, e.allow, e.first, e.last) for e in inward
    ]


def test_the_vpcs_dns_is_read(session: Session, aws: Aws) -> None:
    """Both attributes, the ranges and the DHCP options come with the VPC."""
    ec2 = _made(session, "ec2")
    vpc = _vpc(ec2)
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": False})
    servers = [{"Key": "domain-name-servers", "Values": ["10.9.0.53", "10.9.1.53"]}]
    options = ec2.create_dhcp_options(DhcpConfigurations=servers)["DhcpOptions"]["DhcpOptionsId"]
    ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=vpc)

    found = aws.vpc_dns(vpc)

    assert (False, False) == (found.support, found.hostnames)
    assert (("10.9.0.0/16",), options) == (found.cidrs, found.dhcp_id)
    assert ({"10.9.0.53", "10.9.1.53"}, "") == (set(found.domain_name_servers), found.domain_name)


def test_a_vpc_without_dhcp_options_has_none(session: Session, aws: Aws) -> None:
    """`default` is no set of options that could be asked for."""
    ec2 = _made(session, "ec2")
    vpc = _vpc(ec2)

    found = aws.vpc_dns(vpc)

    assert ("default", ()) == (found.dhcp_id, found.domain_name_servers)


def test_an_attribute_that_aws_leaves_out_is_unknown(session: Session, aws: Aws) -> None:
    """A missing value never reads as switched off."""
    with Stubber(_made(session, "ec2")) as stub:
        stub.add_response("describe_vpcs", {"Vpcs": [{"VpcId": "vpc-1"}]})
        stub.add_response("describe_vpc_attribute", {"VpcId": "vpc-1"})
        stub.add_response("describe_vpc_attribute", {"VpcId": "vpc-1"})

        found = aws.vpc_dns("vpc-1")

    assert (None, None, ()) == (found.support, found.hostnames, found.cidrs)


def test_zones_and_their_records_are_read(session: Session, aws: Aws) -> None:
    """Zones are told apart by their VPC, and a name without a record gets that of the next wildcard."""
    ec2, zones = _made(session, "ec2"), _made(session, "route53")
    here, there = _vpc(ec2), _vpc(ec2, "10.8.0.0/16")

    def make(name: str, vpc: str) -> str:
        bound = {"VPCRegion": "us-east-1", "VPCId": vpc}
        made = zones.create_hosted_zone(
            Name=name, VPC=bound, CallerReference=name, HostedZoneConfig={"PrivateZone": True, "Comment": ""}
        )
        return str(made["HostedZone"]["Id"].removeprefix("/hostedzone/"))

    mine, other = make("mine.example", here), make("corp.internal", there)
    for name, value in (("db.corp.internal", "10.8.0.1"), ("*.apps.corp.internal", "10.8.0.2")):
        record = {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": value}]}
        changes = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
        zones.change_resource_record_sets(HostedZoneId=other, ChangeBatch=changes)

    assert [(mine, "mine.example", True)] == [(z.id, z.name, z.here) for z in aws.private_zones(here)]
    assert [Zone(id=other, name="corp.internal", here=False, vpc=there, account="123456789012")] == list(
        aws.zones_elsewhere(here)
    )
    assert ["10.8.0.1"] == [v for r in aws.records(other, "db.corp.internal", "corp.internal") for v in r.values]
    assert ["10.8.0.2"] == [v for r in aws.records(other, "a.b.apps.corp.internal", "corp.internal") for v in r.values]
    assert () == aws.records(other, "nope.corp.internal", "corp.internal")


def test_rules_of_the_vpc_alone_are_read(session: Session, aws: Aws) -> None:
    """A rule counts where it is associated with this VPC."""
    ec2, resolver = _made(session, "ec2"), _made(session, "route53resolver")
    vpc = _vpc(ec2)
    places = []
    for third in (1, 2):
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{third}.0/24")["Subnet"]["SubnetId"]
        places.append({"SubnetId": subnet, "Ip": f"10.9.{third}.60"})
    group = ec2.create_security_group(GroupName="resolver", Description="resolver", VpcId=vpc)["GroupId"]
    endpoint = resolver.create_resolver_endpoint(
        CreatorRequestId="1", Name="out", Direction="OUTBOUND", SecurityGroupIds=[group], IpAddresses=places
    )["ResolverEndpoint"]["Id"]
    ids = [
        resolver.create_resolver_rule(
            CreatorRequestId=domain, Name=domain.split(".")[0], RuleType="FORWARD", DomainName=domain,
            ResolverEndpointId=endpoint, TargetIps=[{"Ip": "10.9.0.53", "Port": 53}],
        )["ResolverRule"]["Id"]
        for domain in ("corp.example", "other.example")
    ]  # fmt: skip
    resolver.associate_resolver_rule(ResolverRuleId=ids[0], VPCId=vpc, Name="corp")

    assert [("corp.example", ("10.9.0.53:53",), endpoint)] == [
        (r.domain, r.targets, r.endpoint) for r in aws.resolver_rules(vpc)
    ]
    assert [(endpoint, (group,))] == [(e.id, e.groups) for e in aws.resolver_endpoints()]


def test_a_metric_comes_minute_by_minute(session: Session, aws: Aws) -> None:
    """What somebody published in the last minutes is read; what nobody published is empty."""
    watch = _made(session, "cloudwatch")
    datum: dict[str, Any] = {"MetricName": "ethtool_linklocal_allowance_exceeded", "Value": 12.0}
    datum["Dimensions"] = [{"Name": "InstanceId", "Value": "i-1"}]
    datum["Timestamp"] = datetime.now(UTC) - timedelta(minutes=3)
    watch.put_metric_data(Namespace="CWAgent", MetricData=[datum])

    assert ((), (12.0,)) == aws.metric(
        "CWAgent", "ethtool_linklocal_allowance_exceeded", {"InstanceId": "i-2"}, {"InstanceId": "i-1"}
    )
    assert ((),) == aws.metric(
        "CWAgent", "ethtool_linklocal_allowance_exceeded", {"InstanceId": "i-1", "driver": "ena"}
    )


# What moto has not


def test_firewall_rules_come_in_the_order_in_which_they_are_tried(session: Session, aws: Aws) -> None:
    """Groups by the priority of their association, rules by their own; a list that AWS does not show stays unread."""
    with Stubber(_made(session, "route53resolver")) as stub:
        stub.add_response(
            "list_firewall_rule_group_associations",
            {"FirewallRuleGroupAssociations": [{"FirewallRuleGroupId": "late", "Priority": 200},
                                               {"FirewallRuleGroupId": "soon", "Priority": 101}]},
        )  # fmt: skip
        stub.add_response(
            "list_firewall_rules",
            {"FirewallRules": [
                {"Name": "b", "Priority": 2, "Action": "BLOCK", "BlockResponse": "NXDOMAIN", "FirewallDomainListId": "aws"},
                {"Name": "a", "Priority": 1, "Action": "ALLOW", "FirewallDomainListId": "own"},
            ]},
        )  # fmt: skip
        stub.add_response("list_firewall_domains", {"Domains": ["Example.com.", "*.example.org."]})
        stub.add_client_error("list_firewall_domains", "AccessDeniedException", "managed", 400)
        stub.add_response("list_firewall_rules", {"FirewallRules": []})

        found = aws.firewall_rules("vpc-1")

    assert [("soon", "a", ("example.com", "*.example.org"), True), ("soon", "b", (), False)] == [
        (r.group, r.name, r.domains, r.readable) for r in found
    ]


def test_all_pages_are_read(session: Session, aws: Aws) -> None:
    """A list goes on until AWS has no more, with boto3's paginator and without."""
    with Stubber(_made(session, "route53resolver")) as stub:
        stub.add_response("list_resolver_endpoints", {"NextToken": "more", "ResolverEndpoints": [{"Id": "rslvr-1"}]})
        stub.add_response("list_resolver_endpoints", {"ResolverEndpoints": [{"Id": "rslvr-2"}]}, {"NextToken": "more"})
        endpoints = aws.resolver_endpoints()
    summaries = [{"HostedZoneId": f"Z{n}", "Name": f"{n}.example.", "Owner": {"OwningAccount": "1"}} for n in (1, 2)]
    with Stubber(_made(session, "route53")) as stub:
        asked = {"VPCId": "vpc-1", "VPCRegion": "us-east-1"}
        page = {"HostedZoneSummaries": summaries[:1], "MaxItems": "1", "NextToken": "more"}
        stub.add_response("list_hosted_zones_by_vpc", page, asked)
        page = {"HostedZoneSummaries": summaries[1:], "MaxItems": "1"}
        stub.add_response("list_hosted_zones_by_vpc", page, {**asked, "NextToken": "more"})
        zones = aws.private_zones("vpc-1")

    assert ["rslvr-1", "rslvr-2"] == [e.id for e in endpoints]
    assert ["1.example", "2.example"] == [z.name for z in zones]


def test_many_values_go_in_several_filters(session: Session, aws: Aws) -> None:
    """EC2 takes 200 values in a filter: more are asked for in parts, and nothing twice."""
    seen: list[int] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        seen.append(len(params["Filters"][0]["Values"]))

    events = _made(session, "ec2").meta.events
    events.register("provide-client-params.ec2.DescribeSecurityGroups", note)
    wanted = [f"sg-{n:017d}" for n in range(200)]
    try:
        found = [*aws.security_groups(wanted), *aws.security_groups(reversed(wanted))]
    finally:
        events.unregister("provide-client-params.ec2.DescribeSecurityGroups", note)

    assert [] == found
    assert [150, 50] == seen


def test_every_field_may_be_missing(session: Session, aws: Aws) -> None:
    """Objects without any field become values with defaults."""
    with Stubber(_made(session, "ec2")) as stub:
        stub.add_response("describe_network_interfaces", {"NetworkInterfaces": [{}]})
        stub.add_response("describe_security_groups", {"SecurityGroups": [{"IpPermissions": [{}]}]})
        stub.add_response("describe_network_acls", {"NetworkAcls": [{"Entries": [{}]}]})
        interfaces = aws.interfaces(["10.0.0.1"])
        groups = aws.security_groups(["sg-1"])
        acls = aws.network_acls(["subnet-1"])

    assert ((), (), "") == (interfaces[0].addresses, interfaces[0].groups, interfaces[0].instance)
    assert (Rule(protocol="-1", first=0, last=65535),) == groups[0].ingress
    assert [(0, "-1", False, 0, 65535)] == [(e.number, e.protocol, e.allow, e.first, e.last) for e in acls[0].entries]


# Errors


@pytest.mark.parametrize(
    "code,words,why",
    [
        ("ExpiredToken", "the AWS credentials have expired", Why.UNAUTHORIZED),
        ("UnauthorizedOperation", "this role may not ec2:DescribeSecurityGroups", Why.FORBIDDEN),
        ("Throttling", "AWS throttles the requests", Why.OTHER),
        ("SignatureDoesNotMatch", "a wrong secret key, or a clock that is off", Why.UNAUTHORIZED),
        ("InvalidClientTokenId", "AWS does not know these credentials", Why.UNAUTHORIZED),
        ("OptInRequired", "not signed up for this service or region", Why.OTHER),
    ],
)
def test_errors_are_told_in_plain_words(session: Session, aws: Aws, code: str, words: str, why: Why) -> None:
    """Each kind of refusal has its own sentence, names the action, and shows no other principal's ARN."""
    secret = "User: arn:aws:sts::999999999999:assumed-role/hidden/i-1 is not authorized; encoded: AAAA"
    with Stubber(_made(session, "ec2")) as stub:
        stub.add_client_error("describe_security_groups", code, secret, 400)
        with pytest.raises(CannotRead) as raised:
            aws.security_groups(["sg-1"])

    assert words in raised.value.reason
    assert ("ec2:DescribeSecurityGroups", why) == (raised.value.verb, raised.value.why)
    assert "999999999999" not in str(raised.value)
    assert ("IAM: allow ec2:DescribeSecurityGroups" if why is Why.FORBIDDEN else "") == raised.value.grant


def test_an_endpoint_that_cannot_be_reached_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed port reads as unreachable, in words of its own."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    _settings(monkeypatch, f"http://127.0.0.1:{port}")
    aws = Aws(Session(ENTRY, asked_by="U1", run="run_1"), ENTRY)

    with pytest.raises(CannotRead) as raised:
        aws.vpcs()

    assert Why.UNREACHABLE is raised.value.why
    assert f"127.0.0.1:{port}" in raised.value.reason


def test_a_run_without_credentials_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key at all is told as such."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    aws = Aws(Session(ENTRY, asked_by="U1", run="run_1"), ENTRY)

    with pytest.raises(CannotRead) as raised:
        aws.vpcs()

    assert ("there are no AWS credentials here", Why.UNAUTHORIZED) == (raised.value.reason, raised.value.why)


def test_a_refused_role_is_told_without_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the cluster's role may not be assumed, that is what the reader learns."""
    _settings(monkeypatch, "http://127.0.0.1:9")
    entry = ClusterEntry(name="cluster-a", eks_name="cluster-a", region="us-east-1", role_arn=ROLE)
    made = Session(entry, asked_by="U1", run="run_1")

    def refuse(**_: Any) -> Any:
        answer = type("Answer", (), {"status_code": 403, "headers": {}})()
        return answer, {"Error": {"Code": "AccessDenied", "Message": "hidden"}, "ResponseMetadata": {}}

    made._own.events.register("before-call.sts.AssumeRole", refuse)  # noqa: SLF001 - the only place to stand between

    with pytest.raises(CannotRead) as raised:
        Aws(made, entry).vpcs()

    assert "this role may not sts:AssumeRole" in raised.value.reason
    assert "hidden" not in str(raised.value)


# Rights


def test_the_shipped_policy_allows_exactly_what_is_used(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every reading is made once; the actions seen and the actions of deploy/iam/read-policy.json are the same."""
    _settings(monkeypatch, moto_url)
    session = Session(ENTRY, asked_by="U1", run="run_2")
    aws = Aws(session, ENTRY)
    used: set[str] = set()

    def note(model: Any, **_: Any) -> None:
        used.add(f"{model.service_model.service_name}:{model.name}")

    session.session().events.register("provide-client-params.*.*", note)
    eks, resolver = _made(session, "eks"), _made(session, "route53resolver")
    with Stubber(eks) as of_eks, Stubber(resolver) as of_resolver, Stubber(_made(session, "route53")) as of_zones:
        of_eks.add_response("describe_cluster", {"cluster": {"name": "cluster-a"}})
        of_eks.add_response("describe_addon", {"addon": {}})
        of_eks.add_response("list_fargate_profiles", {"fargateProfileNames": ["default"]})
        of_eks.add_response("describe_fargate_profile", {"fargateProfile": {}})
        bound = {"ResolverRuleAssociations": [{"ResolverRuleId": "rule-1", "VPCId": "vpc-1"}]}
        of_resolver.add_response("list_resolver_rule_associations", bound)
        of_resolver.add_response("list_resolver_rules", {"ResolverRules": []})
        of_resolver.add_response("list_resolver_endpoints", {"ResolverEndpoints": []})
        groups = {"FirewallRuleGroupAssociations": [{"FirewallRuleGroupId": "g"}]}
        of_resolver.add_response("list_firewall_rule_group_associations", groups)
        of_resolver.add_response("list_firewall_rules", {"FirewallRules": [{"FirewallDomainListId": "list-12345"}]})
        of_resolver.add_response("list_firewall_domains", {"Domains": []})
        empty = {"HostedZoneSummaries": [], "MaxItems": "1"}
        ec2 = _made(session, "ec2")
        vpc = _vpc(ec2)
        for _ in range(len(ec2.describe_vpcs()["Vpcs"])):
            of_zones.add_response("list_hosted_zones_by_vpc", empty)
        records: dict[str, Any] = {"ResourceRecordSets": [], "IsTruncated": False, "MaxItems": "20"}
        of_zones.add_response("list_resource_record_sets", records)
        options = ec2.create_dhcp_options(DhcpConfigurations=[{"Key": "domain-name", "Values": ["x"]}])["DhcpOptions"]
        ec2.associate_dhcp_options(DhcpOptionsId=options["DhcpOptionsId"], VpcId=vpc)
        lists = {"PrefixListName": "p", "AddressFamily": "IPv4", "MaxEntries": 1}
        listed = ec2.create_managed_prefix_list(**lists)["PrefixList"]["PrefixListId"]
        used.clear()
        readings: dict[str, Callable[[], Any]] = {
            "described": aws.described, "cluster": aws.cluster, "addon": lambda: aws.addon("coredns"),
            "fargate_profiles": aws.fargate_profiles, "interfaces": lambda: aws.interfaces(["10.0.0.1"]),
            "instance_interfaces": lambda: aws.instance_interfaces(["i-1"]), "vpcs": aws.vpcs,
            "security_groups": lambda: aws.security_groups(["sg-1"]), "prefix_list": lambda: aws.prefix_list(listed),
            "network_acls": lambda: aws.network_acls(["subnet-1"]), "subnets": lambda: aws.subnets(["subnet-1"]),
            "vpc_dns": lambda: aws.vpc_dns(vpc), "resolver_rules": lambda: aws.resolver_rules("vpc-1"),
            "resolver_endpoints": aws.resolver_endpoints, "firewall_rules": lambda: aws.firewall_rules("vpc-1"),
            "private_zones": lambda: aws.private_zones(vpc), "zones_elsewhere": lambda: aws.zones_elsewhere(vpc),
            "records": lambda: aws.records("Z1", "a.example"), "metric": lambda: aws.metric("n", "m", {}),
            "region": lambda: aws.region,
        }  # fmt: skip
        for read in readings.values():
            read()

    public = {name for name in dir(Aws) if not name.startswith("_")}
    statements = json.loads(POLICY.read_text())["Statement"]
    allowed = [action for one in statements for action in one["Action"]]
    assert public == set(readings)
    assert sorted(used) == sorted(allowed)
