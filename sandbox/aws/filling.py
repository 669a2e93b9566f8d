"""Filling moto with a world's network, and the two sets of ids: the world's and moto's."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config

from .data import AwsData

REGION = "us-east-1"


class Filling:
    """A moto account that holds a world's network. account: its number."""

    def __init__(self, data: AwsData, account: str, url: str) -> None:
        """url: of the pretend AWS, which hands on to moto what names an account."""
        self.account, self._data = account, data
        self._ids: dict[str, str] = {}
        self._clients: dict[str, Any] = {}
        self._url = url
        self._vpc()
        self._groups()
        self._instances()
        self._acl()
        self._acls()
        self._zones()
        self._rules()
        self._metrics()
        self._inward = _table(self._ids)
        self._outward = _table({moto: own for own, moto in self._ids.items()})

    def inward(self, text: bytes) -> bytes:
        """TEXT with moto's ids."""
        return self._inward(text)

    def outward(self, text: bytes) -> bytes:
        """TEXT with the world's ids."""
        return self._outward(text)

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            made: Any = boto3.Session("testing", "testing", region_name=REGION).client(  # type: ignore[call-overload]
                service, endpoint_url=self._url, config=Config(retries={"total_max_attempts": 1})
            )
            made.meta.events.register("before-send", self._mark)
            self._clients[service] = made
        return self._clients[service]

    def _mark(self, request: Any, **_: Any) -> None:
        request.headers["X-Moto-Account-Id"] = self.account

    def _vpc(self) -> None:
        ec2, data = self._client("ec2"), self._data
        vpc = self._ids[data.vpc["id"]] = ec2.create_vpc(CidrBlock=data.vpc["cidr"])["Vpc"]["VpcId"]
        for name, key in (("EnableDnsSupport", "dns_support"), ("EnableDnsHostnames", "dns_hostnames")):
            ec2.modify_vpc_attribute(VpcId=vpc, **{name: {"Value": bool(data.vpc.get(key, True))}})
        if data.dhcp:
            options = [{"Key": key, "Values": list(values)} for key, values in data.dhcp["options"].items()]
            made = ec2.create_dhcp_options(DhcpConfigurations=options)["DhcpOptions"]["DhcpOptionsId"]
            self._ids[data.dhcp["id"]] = made
            ec2.associate_dhcp_options(DhcpOptionsId=made, VpcId=vpc)
        for one in data.subnets:
            made = ec2.create_subnet(VpcId=vpc, CidrBlock=one["cidr"], AvailabilityZone=one["zone"])
            self._ids[one["id"]] = made["Subnet"]["SubnetId"]

    def _groups(self) -> None:
        ec2, vpc = self._client("ec2"), self._ids[self._data.vpc["id"]]
        for one in self._data.groups:
            made = ec2.create_security_group(GroupName=one["name"], VpcId=vpc, Description=one["name"])
            self._ids[one["id"]] = made["GroupId"]
        for one in self._data.groups:
            group = self._ids[one["id"]]
            if one.get("ingress"):
                ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=self._own(one["ingress"]))
            if "egress" in one:
                everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
                ec2.revoke_security_group_egress(GroupId=group, IpPermissions=everything)
                if one["egress"]:
                    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=self._own(one["egress"]))

    def _own(self, value: Any) -> Any:
        """VALUE with moto's ids."""
        return json.loads(_table(self._ids)(json.dumps(value).encode()))

    def _instances(self) -> None:
        ec2 = self._client("ec2")
        image = ec2.register_image(Name="node")["ImageId"] if self._data.instances else ""
        for one in self._data.instances:
            interface = {
                "DeviceIndex": 0, "SubnetId": self._ids[one["subnet"]], "PrivateIpAddress": one["address"],
                "Groups": [self._ids[group] for group in one["groups"]],
            }  # fmt: skip
            made = ec2.run_instances(
                ImageId=image, InstanceType="m6i.large", MinCount=1, MaxCount=1, NetworkInterfaces=[interface]
            )["Instances"][0]["InstanceId"]
            self._ids[one["id"]] = made
            found = ec2.describe_network_interfaces(Filters=[{"Name": "attachment.instance-id", "Values": [made]}])
            card = self._ids[one["interface"]] = found["NetworkInterfaces"][0]["NetworkInterfaceId"]
            if one.get("pods"):
                ec2.assign_private_ip_addresses(NetworkInterfaceId=card, PrivateIpAddresses=list(one["pods"]))

    def _acl(self) -> None:
        if not self._data.acl:
            return
        ec2, vpc = self._client("ec2"), self._ids[self._data.vpc["id"]]
        found = ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkAcls"]
        acl = next(one["NetworkAclId"] for one in found if one["IsDefault"])
        for egress in (True, False):
            ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=100, Egress=egress)
        for entry in self._data.acl:
            ec2.create_network_acl_entry(NetworkAclId=acl, **entry)

    def _acls(self) -> None:
        ec2 = self._client("ec2")
        for one in self._data.acls:
            tags = [{"ResourceType": "network-acl", "Tags": [{"Key": "Name", "Value": one["name"]}]}]
            made = ec2.create_network_acl(VpcId=self._ids[self._data.vpc["id"]], TagSpecifications=tags)["NetworkAcl"]
            acl = self._ids[one["id"]] = made["NetworkAclId"]
            for entry in one["entries"]:
                ec2.create_network_acl_entry(NetworkAclId=acl, **entry)
            for subnet in (self._ids[each] for each in one["subnets"]):
                chosen = [{"Name": "association.subnet-id", "Values": [subnet]}]
                (held,) = ec2.describe_network_acls(Filters=chosen)["NetworkAcls"]
                old = next(each for each in held["Associations"] if each["SubnetId"] == subnet)
                ec2.replace_network_acl_association(NetworkAclId=acl, AssociationId=old["NetworkAclAssociationId"])

    def _zones(self) -> None:
        other = ""
        for one in self._data.zones:
            ec2, route53 = self._client("ec2"), self._client("route53")
            vpc = self._ids[self._data.vpc["id"]]
            if not one.get("here", True):
                other = other or ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
                vpc = other
            made = route53.create_hosted_zone(
                Name=one["name"], CallerReference=one["id"], VPC={"VPCRegion": REGION, "VPCId": vpc},
                HostedZoneConfig={"PrivateZone": True},
            )["HostedZone"]["Id"]  # fmt: skip
            self._ids[one["id"]] = made.rpartition("/")[2]
            changes = [_upsert(record) for record in one.get("records") or ()]
            if changes:
                route53.change_resource_record_sets(HostedZoneId=made, ChangeBatch={"Changes": changes})

    def _rules(self) -> None:
        for one in self._data.rules:
            resolver = self._client("route53resolver")
            subnets = [{"SubnetId": self._ids[subnet["id"]]} for subnet in self._data.subnets[:2]]
            groups = [self._ids[self._data.groups[0]["id"]]]
            endpoint = resolver.create_resolver_endpoint(
                CreatorRequestId=one["id"], Name=one["name"], SecurityGroupIds=groups, Direction="OUTBOUND",
                IpAddresses=subnets,
            )["ResolverEndpoint"]["Id"]  # fmt: skip
            targets = [dict(target) for target in one["targets"]]
            rule = resolver.create_resolver_rule(
                CreatorRequestId=one["id"], Name=one["name"], RuleType="FORWARD", DomainName=one["domain"],
                TargetIps=targets, ResolverEndpointId=endpoint,
            )["ResolverRule"]["Id"]  # fmt: skip
            self._ids[one["id"]] = rule
            vpc = self._ids[self._data.vpc["id"]]
            resolver.associate_resolver_rule(ResolverRuleId=rule, Name=one["name"], VPCId=vpc)

    def _metrics(self) -> None:
        for name, value in self._data.metrics.items():
            namespace, _, metric = name.rpartition("/")
            dimensions = [{"Name": "ClusterName", "Value": self._data.vpc.get("cluster", "cluster-a")}]
            data = {"MetricName": metric, "Dimensions": dimensions, "Value": value, "Timestamp": datetime.now(UTC)}
            self._client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=[data])


def _upsert(record: Mapping[str, Any]) -> dict[str, Any]:
    values = [{"Value": value} for value in record["values"]]
    kept = {"Name": record["name"], "Type": record["type"], "TTL": 60, "ResourceRecords": values}
    return {"Action": "UPSERT", "ResourceRecordSet": kept}


def _table(ids: Mapping[str, str]) -> Callable[[bytes], bytes]:
    """A function that puts each id of a text into the other's place."""
    if not ids:
        return lambda text: text
    words: Iterable[str] = sorted(map(re.escape, ids), key=len, reverse=True)
    pattern = re.compile("|".join(words).encode())
    known = {own.encode(): other.encode() for own, other in ids.items()}
    return lambda text: pattern.sub(lambda found: known[found.group()], text)
