"""What Route 53 holds for VPCs: private hosted zones and their records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from .values import Record, Zone
from .vpc import Vpc

MAX_PAGES = 50
MAX_VPCS = 20
"""So many other VPCs are searched for a zone."""
SEVERAL = 20
"""Record sets at one name: types, weights and the like."""


class Route53(Vpc):
    """The readings of Route 53."""

    def private_zones(self, vpc: str) -> tuple[Zone, ...]:
        """The private hosted zones that are associated with the VPC."""
        return self._memo.once(("zones", vpc), lambda: tuple(self._zones(vpc)))

    def _zones(self, vpc: str) -> Iterator[Zone]:
        token = ""
        for _ in range(MAX_PAGES):
            more = {"NextToken": token} if token else {}
            page = self._call(
                "route53", "ListHostedZonesByVPC", f"private zones of {vpc}", VPCId=vpc, VPCRegion=self.region, **more
            )
            for raw in page.get("HostedZoneSummaries") or ():
                yield _zone(raw, vpc)
            token = str(page.get("NextToken") or "")
            if not token:
                return

    def zones_elsewhere(self, vpc: str) -> tuple[Zone, ...]:
        """The private hosted zones of the region's other VPCs that are not associated with this one."""

        def ask() -> tuple[Zone, ...]:
            here = {zone.id for zone in self.private_zones(vpc)}
            others = [other for other in self.vpcs() if other != vpc][:MAX_VPCS]
            found = {zone.id: replace(zone, here=False) for other in others for zone in self.private_zones(other)}
            return tuple(zone for zone in found.values() if zone.id not in here)

        return self._memo.once(("zones elsewhere", vpc), ask)

    def records(self, zone: str, name: str, apex: str = "") -> tuple[Record, ...]:
        """The record sets of a zone at NAME; where it has none and APEX is the zone's name, those of the next wildcard."""
        name, apex = name.rstrip(".").lower(), apex.rstrip(".").lower()

        def ask() -> tuple[Record, ...]:
            found = self._records_at(zone, name)
            above = name
            while not found and apex and above != apex and above.endswith(f".{apex}"):
                above = above.partition(".")[2]
                found = self._records_at(zone, f"*.{above}")
            return found

        return self._memo.once(("records", zone, name, apex), ask)

    def _records_at(self, zone: str, name: str) -> tuple[Record, ...]:
        page = self._call(
            "route53", "ListResourceRecordSets", f"records of zone {zone}",
            HostedZoneId=zone, StartRecordName=name, MaxItems=str(SEVERAL),
        )  # fmt: skip
        found = (_record(raw) for raw in page.get("ResourceRecordSets") or ())
        return tuple(record for record in found if record.name == name)


def _zone(raw: Mapping[str, Any], vpc: str) -> Zone:
    owner = raw.get("Owner") or {}
    return Zone(
        id=str(raw.get("HostedZoneId") or "").removeprefix("/hostedzone/"),
        name=str(raw.get("Name") or "").rstrip(".").lower(),
        here=True,
        vpc=vpc,
        account=str(owner.get("OwningAccount") or ""),
        service=str(owner.get("OwningService") or ""),
    )


def _record(raw: Mapping[str, Any]) -> Record:
    alias = str((raw.get("AliasTarget") or {}).get("DNSName") or "")
    values = [str(v.get("Value") or "") for v in raw.get("ResourceRecords") or ()]
    return Record(
        name=str(raw.get("Name") or "").rstrip(".").replace("\\052", "*").lower(),
        kind=str(raw.get("Type") or ""),
        values=tuple(v for v in [*values, alias] if v),
    )
