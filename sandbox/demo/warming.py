"""The pretend AWS is asked once before anybody waits for it: it fills its network when the first question comes."""

from __future__ import annotations

import boto3
from botocore.config import Config

from sandbox.demo.clusters import PretendCluster

_CALLS = (
    ("ec2", "describe_vpcs"),
    ("route53", "list_hosted_zones"),
    ("route53resolver", "list_resolver_rules"),
    ("cloudwatch", "list_metrics"),
)


def warm(cluster: PretendCluster) -> None:
    """Ask each service of a cluster's AWS something, and forget that it was asked. Raises botocore's errors."""
    for running in cluster.running()[:1]:
        session = boto3.Session(
            aws_access_key_id="testing",
            aws_secret_access_key="testing",  # noqa: S106 - of the pretend AWS
            region_name=cluster.world.account.region,
        )
        for service, call in _CALLS:
            client = session.client(service, endpoint_url=running.aws.url, config=Config(proxies={}))  # type: ignore[call-overload]
            getattr(client, call)()
        running.aws.calls.clear()
