"""Who may do what: the roles and bindings among the cluster's objects, judged as Kubernetes judges, and what was used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .objects import Objects

MASTERS = "system:masters"
EVERYBODY = "system:authenticated"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who is signed in."""

    name: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """One request as a role sees it. path: of a request that is about no resource."""

    verb: str
    group: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @property
    def words(self) -> str:
        """`get services kube-system/kube-dns`: what patterns are matched with."""
        if self.path:
            return f"{self.verb} {self.path}"
        return f"{self.verb} {self.resource} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Right:
    """The smallest part of a rule: one verb on one resource (of one name, where the rule names it), in one role.

    role: `Role NAMESPACE/NAME` or `ClusterRole NAME`.
    """

    role: str
    group: str
    resource: str
    name: str
    verb: str


class Access:
    """The roles of a cluster. used: every right that let a request through so far."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self.used: set[Right] = set()

    def allows(self, user: User, asked: Attributes) -> bool:
        """Whether USER may do what is ASKED."""
        if MASTERS in user.groups or asked.path in ("/version", "/livez", "/readyz"):
            return True
        if asked.resource.startswith("selfsubject") and asked.verb == "create":
            return True  # system:basic-user, bound to everybody who is signed in
        covering = {right for right in self._rights(user, asked.namespace) if _covers(right, asked)}
        self.used |= covering
        return bool(covering)

    def _rights(self, user: User, namespace: str) -> Iterator[Right]:
        for binding in (*self._objects.every("ClusterRoleBinding"), *self._objects.every("RoleBinding")):
            where = binding["metadata"].get("namespace", "")
            if where not in ("", namespace) or not any(_is(user, s, where) for s in binding.get("subjects") or ()):
                continue
            wanted = binding["roleRef"]
            for role in self._objects.every(wanted["kind"]):
                home = role["metadata"].get("namespace", "")
                if role["metadata"]["name"] == wanted["name"] and home in ("", where):
                    yield from rights(role)


def _is(user: User, subject: Mapping[str, Any], where: str) -> bool:
    if subject["kind"] == "Group":
        return subject["name"] in (*user.groups, EVERYBODY)
    if subject["kind"] == "ServiceAccount":
        account = f"system:serviceaccount:{subject.get('namespace') or where}:{subject['name']}"
        return user.name == account
    return bool(subject["name"] == user.name)


def rights(role: Mapping[str, Any]) -> Iterator[Right]:
    """All that a role's rules grant, right by right."""
    meta = role["metadata"]
    place = f"{meta['namespace']}/" if meta.get("namespace") else ""
    for rule in role.get("rules") or ():
        for group in rule.get("apiGroups") or ():
            for resource in rule.get("resources") or ():
                for name in rule.get("resourceNames") or ("",):
                    for verb in rule["verbs"]:
                        yield Right(
                            role=f"{role['kind']} {place}{meta['name']}", group=group, resource=resource, name=name,
                            verb=verb,
                        )  # fmt: skip


def _covers(right: Right, asked: Attributes) -> bool:
    return (
        not asked.path
        and right.verb in (asked.verb, "*")
        and right.group in (asked.group, "*")
        and right.resource in (asked.resource, "*")
        and right.name in ("", asked.name)
    )


def refusal(user: User, asked: Attributes) -> str:
    """Kubernetes' own words for a request that is not allowed."""
    if asked.path:
        return f'forbidden: User "{user.name}" cannot {asked.verb} path "{asked.path}"'
    plural = asked.resource.partition("/")[0]
    kind = f"{plural}.{asked.group}" if asked.group else plural
    named = f' "{asked.name}"' if asked.name else ""
    where = f'in the namespace "{asked.namespace}"' if asked.namespace else "at the cluster scope"
    return (
        f'{kind}{named} is forbidden: User "{user.name}" cannot {asked.verb} resource "{asked.resource}" '
        f'in API group "{asked.group}" {where}'
    )
