"""A pretend AWS on loopback, as boto3 speaks to it: EKS and STS of our own, the rest by moto, filled from data."""

from __future__ import annotations

from .data import Account, AwsData
from .server import Aws

__all__ = ["Account", "Aws", "AwsData"]
