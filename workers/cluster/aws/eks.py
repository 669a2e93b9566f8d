"""What EKS says of the cluster, its add-ons and its Fargate profiles."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from workers.cluster.errors import CannotRead

from .calls import Calls, absent
from .values import Addon, EksCluster, FargateProfile


class Eks(Calls):
    """The readings of EKS."""

    def described(self) -> Mapping[str, Any]:
        """DescribeCluster's answer as it stands, for sign-in."""
        name = self._entry.eks_name

        def ask() -> Mapping[str, Any]:
            answer = self._call("eks", "DescribeCluster", f"EKS cluster {name}", name=name)
            found: Mapping[str, Any] = answer.get("cluster") or {}
            return found

        return self._memo.once("described", ask)

    def cluster(self) -> EksCluster:
        """The EKS cluster. Its VPC is derived from a subnet where EKS leaves it out."""
        return self._memo.once("cluster", self._cluster)

    def _cluster(self) -> EksCluster:
        raw = self.described()
        network, vpc = raw.get("kubernetesNetworkConfig") or {}, raw.get("resourcesVpcConfig") or {}
        issues = (raw.get("health") or {}).get("issues") or ()
        return EksCluster(
            name=str(raw.get("name") or self._entry.eks_name),
            arn=str(raw.get("arn") or ""),
            version=str(raw.get("version") or ""),
            status=str(raw.get("status") or ""),
            endpoint=str(raw.get("endpoint") or ""),
            service_cidr=str(network.get("serviceIpv4Cidr") or network.get("serviceIpv6Cidr") or ""),
            ip_family=str(network.get("ipFamily") or ""),
            vpc=str(vpc.get("vpcId") or "") or self._vpc_of(vpc.get("subnetIds") or ()),
            subnets=tuple(vpc.get("subnetIds") or ()),
            security_groups=tuple(vpc.get("securityGroupIds") or ()),
            cluster_security_group=str(vpc.get("clusterSecurityGroupId") or ""),
            private_access=bool(vpc.get("endpointPrivateAccess")),
            public_access=bool(vpc.get("endpointPublicAccess", True)),
            public_cidrs=tuple(vpc.get("publicAccessCidrs") or ()),
            auto=bool((raw.get("computeConfig") or {}).get("enabled")),
            remote=bool((raw.get("remoteNetworkConfig") or {}).get("remoteNodeNetworks")),
            issues=tuple(f"{i.get('code', '')}: {i.get('message', '')}" for i in issues),
        )

    def _vpc_of(self, subnets: Sequence[str]) -> str:
        if not subnets:
            return ""
        with contextlib.suppress(CannotRead):
            found = self._call("ec2", "DescribeSubnets", "subnets", SubnetIds=[subnets[0]]).get("Subnets") or [{}]
            return str(found[0].get("VpcId") or "")
        return ""

    def addon(self, name: str) -> Addon | None:
        """An EKS add-on; None where the cluster has it not."""
        return self._memo.once(("addon", name), lambda: self._addon(name))

    def _addon(self, name: str) -> Addon | None:
        asked = {"clusterName": self._entry.eks_name, "addonName": name}
        answer = absent(lambda: self._call("eks", "DescribeAddon", f"add-on {name}", **asked))
        if answer is None:
            return None
        raw = answer.get("addon") or {}
        issues = (raw.get("health") or {}).get("issues") or ()
        return Addon(
            name=name,
            version=str(raw.get("addonVersion") or ""),
            status=str(raw.get("status") or ""),
            issues=tuple((str(i.get("code") or ""), str(i.get("message") or "")) for i in issues),
            configuration=str(raw.get("configurationValues") or ""),
        )

    def fargate_profiles(self) -> tuple[FargateProfile, ...]:
        """The cluster's Fargate profiles."""
        asked = {"clusterName": self._entry.eks_name}

        def ask() -> tuple[FargateProfile, ...]:
            names = self._pages("eks", "ListFargateProfiles", "fargateProfileNames", "Fargate profiles", **asked)
            return tuple(self._profile(str(name)) for name in names)

        return self._memo.once("fargate", ask)

    def _profile(self, name: str) -> FargateProfile:
        asked = {"clusterName": self._entry.eks_name, "fargateProfileName": name}
        answer = self._call("eks", "DescribeFargateProfile", f"Fargate profile {name}", **asked)
        raw = answer.get("fargateProfile") or {}
        selectors = tuple(
            (str(s.get("namespace") or ""), tuple(sorted((s.get("labels") or {}).items())))
            for s in raw.get("selectors") or ()
        )
        return FargateProfile(name=name, status=str(raw.get("status") or ""), selectors=selectors)
