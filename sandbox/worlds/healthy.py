"""A cluster in which DNS works: three nodes, two CoreDNS pods, and a shop."""

from __future__ import annotations

from typing import Any

from sandbox.aws.data import ACCOUNT, Account, AwsData
from sandbox.dns import Zone
from sandbox.kube.network import Wiring

from .changing import one
from .recording import recording
from .world import Object, Page, World

NAME = "cluster-a"
REGION = "us-east-1"
READ = f"arn:aws:iam::{ACCOUNT}:role/dnsmedic-read"
CHANGE = f"arn:aws:iam::{ACCOUNT}:role/dnsmedic-change"
EXTERNAL_ID = "my-org"
WORKER = f"arn:aws:iam::{ACCOUNT}:role/dnsmedic-hub"
VPC, GROUP, CARDS = (
    "vpc-dcf91d8b7ebb4aea3",
    "sg-6289dc61a1b7d2a5a",
    ("eni-313a5763ab28a70a2", "eni-de16b3c20eef15623", "eni-a47d395708ee548e2"),
)
SUBNETS = ("subnet-5dc03df47562caeb3", "subnet-a120caccb69f8a3ec", "subnet-bd780a977420db0f2")
ZONES = ("us-east-1a", "us-east-1a", "us-east-1b")
OPTIONS = "dopt-f7b90e54237b974bd"
RESOLVER = "10.20.0.2"
EXISTING = ("com", "net", "org", "io")
ABSENT = ("nosuch*", "missing*", "nx*")
TRACKED = {"/proc/sys/net/netfilter/nf_conntrack_max": "131072\n"}
MUSL = {"/proc/7/root/lib/ld-musl-x86_64.so.1": ""}
GLIBC = {"/proc/7/root/lib64/ld-linux-x86-64.so.2": ""}


def world() -> World:
    """The world itself."""
    found = recording()
    objects: tuple[Object, ...] = tuple(found["objects"])
    return World(
        name="healthy",
        title="Everything works",
        objects=objects,
        version=found["version"],
        logs={key: "".join(f"{line}\n" for line in lines) for key, lines in found["logs"].items()},
        pages=pages(found["http"]),
        upstream=RESOLVER,
        zones=zones(),
        wiring=Wiring(
            resolv_conf={"*": f"search ec2.internal\nnameserver {RESOLVER}\noptions timeout:2 attempts:5\n"},
            files={"*": TRACKED, "shop/cart-*": MUSL, "shop/web-*": GLIBC, "shop/client-*": GLIBC},
        ),
        account=account(objects),
    )


def pages(recorded: dict[str, Any]) -> dict[str, dict[str, Page]]:
    """HTTP pages by container and port, then by path."""
    made: dict[str, dict[str, Page]] = {}
    for key, page in recorded.items():
        who, _, rest = key.partition(":")
        port, _, path = rest.partition("/")
        made.setdefault(f"{who}:{port}", {})[f"/{path}"] = (page["status"], page["text"])
    return made


def zones() -> tuple[Zone, ...]:
    """What the VPC's resolver knows: every name under four domains, but for those that sound absent."""
    amazon = {"amazon.com": (("A", "176.32.98.166"), ("A", "205.251.242.103"))}
    made = [
        Zone(
            origin=top,
            records={f"*.{top}": (("A", "198.51.100.10"),), **(amazon if top == "com" else {})},
            absent=ABSENT,
        )
        for top in EXISTING
    ]
    hosts = {f"ip-10-20-{n}-10.ec2.internal": (("A", f"10.20.{n}.10"),) for n in (1, 2, 3)}
    return (*made, Zone(origin="ec2.internal", records=hosts), Zone(origin="", negative_ttl=900))


def account(objects: tuple[Object, ...]) -> Account:
    """EKS, IAM and the VPC of the cluster with these objects."""
    addons = {
        "vpc-cni": ("v1.20.4-eksbuild.1", '{"enableNetworkPolicy": "true"}'),
        "kube-proxy": ("v1.34.4-eksbuild.1", ""),
        "coredns": ("v1.12.4-eksbuild.1", ""),
    }
    return Account(
        name=NAME,
        region=REGION,
        cluster={
            "version": "1.34",
            "kubernetesNetworkConfig": {"serviceIpv4Cidr": "172.20.0.0/16", "ipFamily": "ipv4"},
            "resourcesVpcConfig": {
                "vpcId": VPC, "subnetIds": list(SUBNETS), "securityGroupIds": [], "clusterSecurityGroupId": GROUP,
                "endpointPrivateAccess": True, "endpointPublicAccess": True, "publicAccessCidrs": ["0.0.0.0/0"],
            },
        },
        addons={
            name: {
                "addonVersion": version, "status": "ACTIVE", "health": {"issues": []}, "configurationValues": values,
                "addonArn": f"arn:aws:eks:{REGION}:{ACCOUNT}:addon/{NAME}/{name}/1",
            }
            for name, (version, values) in addons.items()
        },
        roles={READ: EXTERNAL_ID, CHANGE: EXTERNAL_ID},
        entries={READ: ("dnsmedic:read",), CHANGE: ("dnsmedic:change",), WORKER: ("dnsmedic:read",)},
        worker=WORKER,
        network=network(objects),
    )  # fmt: skip


def network(objects: tuple[Object, ...]) -> AwsData:
    """The VPC: a subnet and an instance for each node; one security group that lets its members talk."""
    itself = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": GROUP}]}]
    instances = []
    for number, (card, subnet) in enumerate(zip(CARDS, SUBNETS, strict=True), 1):
        node = one(objects, "Node", f"ip-10-20-{number}-10")
        instances.append({
            "id": node["spec"]["providerID"].rpartition("/")[2], "interface": card, "subnet": subnet,
            "address": f"10.20.{number}.10", "groups": [GROUP], "pods": [f"10.20.{number}.{n}" for n in range(130, 190)],
        })  # fmt: skip
    return AwsData(
        vpc={"id": VPC, "cidr": "10.20.0.0/16"},
        dhcp={
            "id": OPTIONS,
            "options": {"domain-name": ["ec2.internal"], "domain-name-servers": ["AmazonProvidedDNS"]},
        },
        subnets=[
            {"id": subnet, "cidr": f"10.20.{number}.0/24", "zone": zone}
            for number, (subnet, zone) in enumerate(zip(SUBNETS, ZONES, strict=True), 1)
        ],
        groups=[{"id": GROUP, "name": f"eks-cluster-sg-{NAME}-1", "ingress": itself}],
        instances=instances,
    )
