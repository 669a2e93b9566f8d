"""Who owns an object of the cluster's DNS, EKS or its users, and the command that changes it through its owner."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import Any

import yaml

from .errors import CannotRead, DoesNotApply
from .reader import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who owns an add-on's objects. managed: whether EKS does; None where nobody could say.

    cluster, region: as `aws eks` takes them, empty where the cluster is not known to be of EKS.
    """

    addon: str
    managed: bool | None = None
    version: str = ""
    configuration: str = ""
    cluster: str = ""
    region: str = ""

    def update(self, values: str = "", *, resolve: str = "PRESERVE", version: str = "") -> str:
        """The command that sets configuration values (JSON) or a version through the EKS add-on."""
        command = f"{self._aws('update-addon')} --resolve-conflicts {resolve}"
        command += f" --addon-version {shlex.quote(version)}" if version else ""
        return command + (f" --configuration-values {shlex.quote(values)}" if values else "")

    def merged(self, values: str) -> str:
        """VALUES (a JSON object) on top of the present configuration, since an update replaces all of it."""
        try:
            present = yaml.safe_load(self.configuration) if self.configuration else {}
        except yaml.YAMLError:
            present = {}
        return json.dumps(_on_top(present if isinstance(present, dict) else {}, json.loads(values)))

    def describe(self) -> str:
        """The command that shows the add-on with its present configuration values."""
        return self._aws("describe-addon")

    def _aws(self, verb: str) -> str:
        region = f" --region {shlex.quote(self.region)}" if self.region else ""
        return f"aws eks {verb}{region} --cluster-name {shlex.quote(self.cluster)} --addon-name {self.addon}"


def owner(cluster: Reader, addon: str) -> Owner:
    """Who owns ADDON here. It never raises: it only makes advice fit, and where nobody can say, advice is for both."""
    entry = cluster.entry
    try:
        found = cluster.aws.addon(addon)
    except DoesNotApply:
        return Owner(addon=addon)
    except CannotRead:
        return Owner(addon=addon, cluster=entry.eks_name, region=entry.region)
    known = {"addon": addon, "cluster": entry.eks_name, "region": entry.region}
    if found is None:
        return Owner(**known, managed=False)
    return Owner(**known, managed=True, version=found.version, configuration=found.configuration)


def _on_top(present: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """VALUES over PRESENT, objects within objects too."""
    both = dict(present)
    for key, value in values.items():
        below = both.get(key)
        both[key] = _on_top(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return both
