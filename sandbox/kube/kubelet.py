"""The nodes of the pretend cluster: a pod that is made really runs its Python program, with the world's network around it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path
from typing import Any

from .kinds import Kind
from .network import Asker
from .objects import Object, Objects, now

View = Callable[[Asker], dict[str, Any]]


class Kubelet:
    """Runs containers as processes of this machine, and keeps their state in the pods' status."""

    def __init__(self, objects: Objects, view: View, folder: Path, *, unpullable: tuple[str, ...] = ()) -> None:
        """folder: for the containers' logs. unpullable: patterns of images that no registry gives."""
        self._objects, self._view, self._folder = objects, view, folder
        self._unpullable = unpullable
        self._pods: Kind = next(kind for kind in objects.kinds if kind.kind == "Pod")
        self._running: dict[tuple[str, str], subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._closing = threading.Event()

    def start(self, pod: Object) -> None:
        """Run a new pod's containers, soon: nobody waits for it."""
        for container in pod["spec"]["containers"]:
            self._begin(self._run, pod, container, "containerStatuses")

    def inject(self, pod: Object, before: Object) -> None:
        """Run the ephemeral containers that POD has and BEFORE had not."""
        known = {one["name"] for one in before["spec"].get("ephemeralContainers") or ()}
        for container in pod["spec"].get("ephemeralContainers") or ():
            if container["name"] not in known:
                self._begin(self._run, pod, container, "ephemeralContainerStatuses")

    def _begin(self, work: Callable[..., None], *args: Any) -> None:
        """Do it in a thread of its own, which `close` waits for."""
        thread = threading.Thread(target=work, args=args, daemon=True, name="sandbox kubelet")
        with self._lock:
            self._threads.append(thread)
        thread.start()

    def stop(self, namespace: str, name: str) -> None:
        """Kill what a pod runs."""
        self._kill(f"{namespace}/{name}")

    def _kill(self, pattern: str) -> None:
        with self._lock:
            for (pod, _), process in self._running.items():
                if fnmatchcase(pod, pattern):
                    process.kill()

    def close(self) -> None:
        """Kill everything, and wait until it is dead."""
        self._closing.set()
        self._kill("*")
        while self._threads:
            self._threads.pop().join()
            self._kill("*")

    def log(self, pod: Object, container: str) -> str | None:
        """What a container of this very pod has printed; None where it never ran."""
        path = self._path(pod, container)
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else None

    def _path(self, pod: Object, container: str) -> Path:
        return self._folder / f"{pod['metadata']['uid']}_{container}.log"

    def _run(self, pod: Object, container: Mapping[str, Any], where: str) -> None:
        meta, name = pod["metadata"], str(container["name"])
        key = f"{meta['namespace']}/{meta['name']}"
        if any(fnmatchcase(container["image"], pattern) for pattern in self._unpullable):
            waiting = {"reason": "ErrImagePull", "message": f'failed to pull image "{container["image"]}": not found'}
            self._state(pod, name, where, {"waiting": waiting}, "Pending")
            return
        command = [*(container.get("command") or ()), *(container.get("args") or ())]
        if command[:2] != ["python3", "-c"]:
            missing = f'exec: "{command[0] if command else ""}": executable file not found in $PATH'
            self._state(pod, name, where, {"waiting": {"reason": "RunContainerError", "message": missing}}, "Pending")
            return
        spec = pod["spec"]
        musl = "alpine" in container["image"]
        asker = Asker(
            pod=key, node=spec["nodeName"], policy=_policy(spec), musl=musl,
            config=spec.get("dnsConfig") or {},
        )  # fmt: skip
        process = self._spawn(command[2:], asker, self._path(pod, name))
        with self._lock:
            self._running[key, name] = process
        self._state(pod, name, where, {"running": {"startedAt": now()}}, "Running")
        if self._closing.is_set() or self._objects.get(self._pods, meta["namespace"], meta["name"]) is None:
            process.kill()  # it was deleted before it began
        self._watch(pod, name, where, process)

    def _spawn(self, words: list[str], asker: Asker, log: Path) -> subprocess.Popen[bytes]:
        prelude = resources.files(__package__).joinpath("prelude.py").read_text(encoding="utf-8")
        program = words[0].replace("from __future__ import annotations\n", "")
        environment = {"SANDBOX_VIEW": json.dumps(self._view(asker)), "PATH": os.environ.get("PATH", "")}
        with log.open("wb") as out:
            return subprocess.Popen(  # noqa: S603 - our own program, and no shell
                [sys.executable, "-I", "-S", "-c", f"{prelude}\n{program}", *words[1:]],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=environment,
            )

    def _watch(self, pod: Object, name: str, where: str, process: subprocess.Popen[bytes]) -> None:
        code = process.wait()
        ended = {"exitCode": code if code >= 0 else 128 - code, "reason": "Error" if code else "Completed"}
        phase = "Failed" if code else "Succeeded"
        self._state(pod, name, where, {"terminated": {**ended, "finishedAt": now()}}, phase)

    def _state(self, pod: Object, container: str, where: str, state: Mapping[str, Any], phase: str) -> None:
        """Keep a container's state; the phase counts for a pod of its own only."""

        def change(held: Object) -> None:
            status = held.setdefault("status", {})
            others = [one for one in status.get(where) or () if one["name"] != container]
            one = {"name": container, "ready": "running" in state, "restartCount": 0, "state": state}
            status[where] = [*others, one]
            if where == "containerStatuses":
                status["phase"] = phase

        self._objects.update(self._pods, pod["metadata"]["namespace"], pod["metadata"]["name"], change)


def _policy(spec: Mapping[str, Any]) -> str:
    """The dnsPolicy that counts: in the node's network ClusterFirst means Default, and there is one that does not."""
    policy = str(spec.get("dnsPolicy") or "ClusterFirst")
    if policy == "ClusterFirst" and spec.get("hostNetwork"):
        return "Default"
    return "ClusterFirst" if policy == "ClusterFirstWithHostNet" else policy
