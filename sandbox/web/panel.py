"""What the panel shows of the demo, and what its switches do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from contract.catalogue import CODES
from sandbox import worlds
from sandbox.demo.clusters import HEALTHY, PretendCluster
from sandbox.demo.controls import Controls
from sandbox.demo.troubles import TROUBLES
from sandbox.worlds import World

Json = dict[str, Any]
GROUPS = {
    "client": "Pods that ask",
    "node": "Nodes",
    "kube-proxy": "kube-proxy",
    "service": "The Service kube-dns",
    "coredns": "CoreDNS",
    "policy": "Network policies",
    "aws-network": "The AWS network",
    "deployment-mode": "Ways to run a cluster",
    "odd": "Odd, and nothing is wrong",
}
"""The menu's groups by layer, in their order."""
MOST_LINES = 100
"""So many requests of each log are shown."""


class NotPossible(Exception):
    """What was asked for is not there to be done. The message is for the person who asked."""


def shown(controls: Controls) -> dict[str, Json]:
    """The panel, and the request logs, by name."""
    panel = {
        "clusters": [
            {
                "name": each.name,
                "world": each.world.name,
                "title": each.world.title,
                "broken": bool(each.world.codes),
                "ready": bool(each.running()),
            }
            for each in controls.clusters
        ],
        "troubles": [
            {"name": each.name, "title": each.title, "about": each.about, "on": controls.troubles.is_on(each.name)}
            for each in TROUBLES
        ],
        "processes": [
            {"name": name, "pid": each.pid, "running": each.is_running, "restarts": each.restarts}
            for name, each in controls.processes.items()
        ],
        "redis": {"on": controls.redis.is_on, "armed": controls.is_armed},
        "clock": {"moved": round(controls.clock.moved), "due": round(controls.clock.due)},
        "connected": controls.slack.socket_mode.connections > 0,
    }
    logs = {f"asked:{each.name}": _asked(each) for each in controls.clusters}
    return {"panel": panel, **logs, "asked:slack": _slack(controls)}


def menu() -> list[Json]:
    """All worlds that a cluster can be put into, group by group, and what whoever suffers in each would ask with."""
    known = [worlds.load(name) for name in worlds.names()]
    return [
        {"name": one.name, "title": one.title, "group": _group(one), "asked": one.asked, "pod": one.pod}
        for one in sorted(known, key=_place)
    ]


def _group(world: World) -> str:
    """The healthy world is in none."""
    return GROUPS[world.layer] if world.name != HEALTHY else ""


def _place(world: World) -> tuple[bool, int, int]:
    """The healthy world first; the others by group, and there as the catalogue has their codes."""
    order = {code: number for number, code in enumerate(CODES)}
    return world.name != HEALTHY, list(GROUPS).index(world.layer), min((order[c] for c in world.codes[:1]), default=0)


def _asked(cluster: PretendCluster) -> Json:
    lines: list[Json] = []
    total = 0
    for running in cluster.running()[:1]:
        aws = [{"words": call.words, "status": 0} for call in running.aws.calls]
        kube = [{"words": one.words, "status": one.status} for one in running.kube.asked]
        lines = [{"who": "AWS", **each} for each in aws] + [{"who": "Kubernetes", **each} for each in kube]
        total = len(lines)
    return {"total": total, "lines": lines[-MOST_LINES:]}


def _slack(controls: Controls) -> Json:
    calls = controls.slack.api.calls()
    lines = [{"who": "Slack", "words": _call(each), "status": each.status} for each in calls[-MOST_LINES:]]
    return {"total": len(calls), "lines": lines}


def _call(call: Any) -> str:
    where = call.args.get("channel") or call.args.get("channel_id") or ""
    return " ".join(part for part in (call.method, str(where), f"({call.error})" if call.error else "") if part)


def switch(controls: Controls, what: str, given: Json) -> None:
    """Do what a switch of the panel does. Raises NotPossible with a sentence."""
    try:
        _SWITCHES[what](controls, given)
    except KeyError as missing:
        raise NotPossible(f"The panel cannot do this: there is no {missing}.") from missing


def _world(controls: Controls, given: Json) -> None:
    controls.cluster(given["cluster"]).enter(given["world"])


def _heal(controls: Controls, _given: Json) -> None:
    for each in controls.clusters:
        if each.world.name != HEALTHY:
            each.enter(HEALTHY)
    for trouble in TROUBLES:
        controls.troubles.set(trouble.name, on=False)
    controls.arm(on=False)
    controls.redis.start()


def _trouble(controls: Controls, given: Json) -> None:
    controls.troubles.set(given["name"], on=given["on"] is True)


def _kill(controls: Controls, given: Json) -> None:
    controls.processes[given["name"]].kill()


def _redis(controls: Controls, given: Json) -> None:
    acts: dict[str, Callable[[], None]] = {
        "stop": controls.redis.stop,
        "start": controls.redis.start,
        "arm": lambda: controls.arm(on=True),
        "disarm": lambda: controls.arm(on=False),
    }
    acts[given["do"]]()


def _time(controls: Controls, _given: Json) -> None:
    controls.clock.move_on()


_SWITCHES = {"world": _world, "heal": _heal, "trouble": _trouble, "kill": _kill, "redis": _redis, "time": _time}
