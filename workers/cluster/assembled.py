"""The Corefile as CoreDNS loads it: the ConfigMap's text, with the files that it imports and the environment's values.

CoreDNS' own pod says which ConfigMaps lie in which of its folders, and what its environment holds. What stays unknown (a file
of the image, a value out of a Secret) is said, so that nobody takes a part of the Corefile for the whole.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .corefile import Corefile, CorefileError, parse
from .corefile.grouping import PATH, matches
from .corefile.tokens import filled_in
from .errors import Gap, Gaps
from .objects import ConfigMap, Container, Pod

NAME = "coredns"
CUSTOM = "coredns-custom"
FOLDER = posixpath.dirname(PATH)
_IMPORT = re.compile(r"^\s*import\s+(\S+)", re.MULTILINE)
_REFERENCE = re.compile(r"\{\$([^{}\s]+)\}|\{%([^{}%\s]+)%\}")
_SET_BY_OTHERS = re.compile(r"PATH|HOME|HOSTNAME|\w+_SERVICE_HOST|\w+_PORT(_\w+)?")
"""What Kubernetes and the image put into every container's environment without a word in the pod."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """The whole Corefile. text: of the ConfigMap alone, None where it holds none. version: the ConfigMap's.

    changed, changed_by: when and by whom any of it was last written. parsed: without blocks where it cannot be parsed, and
    problem says why. unread: what it imports and nobody could read here. unset: names of the environment whose values are not
    known here; `$NAME` stands for them.
    """

    text: str | None = None
    version: str = ""
    changed: str = ""
    changed_by: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    parsed: Corefile = field(default_factory=lambda: Corefile(()))
    problem: str = ""
    unread: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether all that it takes from elsewhere is known."""
        return not self.unread and not self.unset


def assemble(read: Callable[[str], ConfigMap | None], pods: Sequence[Pod]) -> Assembled:
    """READ the ConfigMap, and those that PODS (CoreDNS' own) say that it imports. Raises CannotRead without the first."""
    found = read(NAME)
    text = found.data.get("Corefile") if found else None
    # The newest: what a pod that starts now would load. Others may bear the label and be something else.
    own = [each for each in pods if each.runs_coredns]
    pod = max(own, key=lambda each: each.metadata.creation_timestamp, default=None)
    container = _coredns(pod)
    values, hidden = _environment(container)
    brought = _Imports(read, _mounts(pod, container), values)
    brought.follow(PATH, text or "")
    used = {
        name for each in (text or "", *brought.files.values()) for pair in _REFERENCE.findall(each) for name in pair
    }
    elsewhere = container is None or bool(container.env_from)
    hidden |= {n for n in used - values.keys() if n and (elsewhere or _SET_BY_OTHERS.fullmatch(n))}
    values |= {name: f"${name}" for name in hidden}
    parsed, problem = _parsed(text or "", brought.files, values)
    changed, changed_by = max((_changed(found, "f:Corefile"), *(_changed(each) for each in brought.maps)))
    return Assembled(
        text=text, version=found.metadata.resource_version if found else "", changed=changed, changed_by=changed_by,
        files=brought.files, environment=values, parsed=parsed, problem=problem, unread=tuple(brought.unread),
        unset=tuple(sorted(used & hidden)), gaps=brought.gaps.seen(),
    )  # fmt: skip


def _parsed(text: str, files: Mapping[str, str], environment: Mapping[str, str]) -> tuple[Corefile, str]:
    try:
        return parse(text, files, environment), ""
    except CorefileError as problem:
        return Corefile(()), str(problem)


def _coredns(pod: Pod | None) -> Container | None:
    containers = pod.spec.containers if pod else ()
    named = next((each for each in containers if each.name == NAME), None)
    return named or next((each for each in containers if NAME in each.image), None)


def _environment(container: Container | None) -> tuple[dict[str, str], set[str]]:
    """What the pod sets, and those of it whose values stand elsewhere."""
    env = {each.name: each for each in (container.env if container else ())}
    hidden = {name for name, each in env.items() if each.value_from is not None or "$(" in each.value}
    return {name: each.value for name, each in env.items()}, hidden


def _changed(found: ConfigMap | None, key: str = "") -> tuple[str, str]:
    """When a ConfigMap (or that key) was last written, and by whom: by the managed fields, else by its creation."""
    if found is None:
        return "", ""
    owners = [
        (each.time, each.manager)
        for each in found.metadata.managed_fields
        if each.time and "f:data" in each.fields_v1 and key in str(each.fields_v1["f:data"])
    ]
    return max(owners, default=(found.metadata.creation_timestamp, ""))


@dataclass(frozen=True, slots=True)
class _Mount:
    """Where a ConfigMap lies. name: "" for a volume of another kind. keys: key -> path, where only some are laid there."""

    path: str
    name: str
    keys: Mapping[str, str]
    single: str = ""

    def holds(self, target: str) -> bool:
        """Whether what an import asks for would lie here."""
        return (
            matches(self.path, target) if self.single else f"{posixpath.dirname(target)}/".startswith(f"{self.path}/")
        )

    def files(self, data: Mapping[str, str]) -> dict[str, str]:
        """The ConfigMap's data at the places where CoreDNS finds them."""
        keys = self.keys or {key: key for key in data}
        laid = {path: data[key] for key, path in keys.items() if key in data}
        if self.single:
            return {self.path: laid[self.single]} if self.single in laid else {}
        return {f"{self.path}/{path}": text for path, text in laid.items()}


def _mounts(pod: Pod | None, container: Container | None) -> tuple[_Mount, ...]:
    """What lies in CoreDNS' folders; () where no pod says it."""
    volumes = {each.name: each.config_map for each in (pod.spec.volumes if pod else ())}
    return tuple(
        _Mount(
            path=posixpath.normpath(each.mount_path),
            name=source.name if (source := volumes.get(each.name)) else "",
            keys={item.key: item.path for item in source.items} if source else {},
            single=each.sub_path,
        )
        for each in (container.volume_mounts if container else ())
    )


class _Imports:
    """Follows imports from file to file, and reads each ConfigMap that they lead to."""

    def __init__(
        self, read: Callable[[str], ConfigMap | None], mounts: tuple[_Mount, ...], environment: Mapping[str, str]
    ) -> None:
        self._read, self._mounts, self._environment = read, mounts, environment
        self._followed: set[str] = set()
        self.files: dict[str, str] = {}
        self.maps: list[ConfigMap] = []
        self.unread: dict[str, None] = {}
        self.gaps = Gaps()

    def follow(self, path: str, text: str) -> None:
        """Bring in what the file PATH imports, and what that imports."""
        self._followed.add(path)
        for pattern in _IMPORT.findall(text):
            if f"({pattern})" in text:
                continue  # a snippet
            target = posixpath.normpath(posixpath.join(posixpath.dirname(path), filled_in(pattern, self._environment)))
            read = [self._bring(mount) for mount in self._places(target)]
            if not read or not all(read) or set("*?[") & set(posixpath.dirname(target)):
                self.unread[target] = None
            for name in [each for each in self.files if matches(each, target) and each not in self._followed]:
                self.follow(name, self.files[name])

    def _places(self, target: str) -> Iterator[_Mount]:
        """The innermost folder that holds it, and single files laid there. Without a pod: where people usually have it."""
        folder = posixpath.dirname(target)
        if not self._mounts:
            yield _Mount(path=folder, name=NAME if folder == FOLDER else CUSTOM, keys={})
            return
        here = [each for each in self._mounts if each.holds(target)]
        yield from (each for each in here if each.single)
        yield from sorted((each for each in here if not each.single), key=lambda each: len(each.path))[-1:]

    def _bring(self, mount: _Mount) -> bool:
        """Read what lies there, and say whether that could be done. A ConfigMap that does not exist holds nothing."""
        if not mount.name:
            return False
        read = self.gaps.of(lambda: (self._read(mount.name),), None)
        if read is None:
            return False
        (found,) = read
        if found is not None:
            self.files |= {path: text for path, text in mount.files(found.data).items() if path != PATH}
            if mount.name != NAME and found not in self.maps:
                self.maps.append(found)
        return True
