"""What may stand in each field of the clusters file; each rule answers the fault as the end of a sentence, or ""."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contract import names

_ROLE = re.compile(r"arn:(aws(?:-[a-z]+){0,3}):iam::\d{12}:role/(?:[\x21-\x7e]{1,510}/)?[\w+=,.@-]{1,64}", re.ASCII)
_REGION = re.compile(r"[a-z]{2,5}(?:-[a-z]{2,12}){1,3}-\d{1,2}", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_CHANNEL = re.compile(r"[CGD][A-Z0-9]{1,20}")
_APPROVER = re.compile(r"[UWS][A-Z0-9]{1,20}")
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_TIMEZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}")
_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "us-iso-": "aws-iso", "us-isob-": "aws-iso-b",
               "eu-isoe-": "aws-iso-e", "us-isof-": "aws-iso-f", "eusc-": "aws-eusc"}  # fmt: skip


def partition_of(region: str) -> str:
    """The AWS partition that a region belongs to, as ARNs write it."""
    return next((partition for prefix, partition in _PARTITIONS.items() if region.startswith(prefix)), "aws")


def cluster_fault(value: str) -> str:
    """A cluster's name, as EKS allows it, and as it can be told from a command."""
    if value.lower() in names.COMMANDS:
        return "is a word that `/dns-check` itself knows; give the cluster another one and set eks_name"
    return eks_name_fault(value)


def eks_name_fault(value: str) -> str:
    """A cluster's name, as EKS allows it."""
    if names.CLUSTER.fullmatch(value):
        return ""
    return "is no cluster name: 1 to 100 letters, digits, dashes and underscores, a letter or digit first"


def region_fault(value: str) -> str:
    """An AWS region, by its form: new regions need no new release."""
    return "" if _REGION.fullmatch(value) else "is no AWS region, as us-east-1 is"


def role_fault(value: str) -> str:
    """The ARN of an IAM role."""
    return "" if _ROLE.fullmatch(value) else "is no ARN of a role, as arn:aws:iam::123456789012:role/dnsmedic-read is"


def external_id_fault(value: str) -> str:
    """What STS takes for an external id."""
    return "" if _EXTERNAL_ID.fullmatch(value) else "is no external id: 2 to 1,224 of letters, digits and +=,.@:/_-"


def bucket_fault(value: str) -> str:
    """The name of an S3 bucket."""
    return "" if _BUCKET.fullmatch(value) and ".." not in value else "is no name of an S3 bucket"


def namespace_fault(value: str) -> str:
    """A Kubernetes namespace."""
    return "" if names.NAMESPACE.fullmatch(value) else "is no name of a namespace"


def channel_fault(value: str) -> str:
    """A Slack conversation, by its id: a name can be given to another channel."""
    if _CHANNEL.fullmatch(value):
        return ""
    return "is no channel id, as C0123456789 is (Slack shows it at the end of the channel's details)"


def approver_fault(value: str) -> str:
    """A Slack user or user group, by its id."""
    return "" if _APPROVER.fullmatch(value) else "is no id of a user or user group, as U0123456789 is"


def path_fault(value: str) -> str:
    """A path or the name of a context: any one line of sane length."""
    return "" if value.isprintable() and len(value) <= 1024 else "has characters that cannot be printed, or too many"


def time_fault(value: str) -> str:
    """A time of day."""
    return "" if _TIME.fullmatch(value) else 'is no time of day, as "09:00" is'


def timezone_fault(value: str) -> str:
    """An IANA time zone that this machine knows."""
    fault = "is no time zone, as Europe/Paris is"
    if not _TIMEZONE.fullmatch(value):
        return fault
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return fault
    return ""
