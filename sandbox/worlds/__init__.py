"""Worlds: pretend clusters as data, each in a module of its own, and found by listing this package."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from .world import Page, World

__all__ = ["Page", "World", "load", "names"]

_PARTS = ("recording", "changing", "pod_states", "settling", "workloads", "world")


@cache
def names() -> tuple[str, ...]:
    """Every world, `healthy` first."""
    found = sorted(m.name.replace("_", "-") for m in pkgutil.iter_modules(__path__) if m.name not in _PARTS)
    return tuple(sorted(found, key=lambda name: name != "healthy"))


def load(name: str) -> World:
    """The world of that name, its times as of now. Raises KeyError where there is none."""
    if name not in names():
        raise KeyError(f"there is no world {name!r}; there are {', '.join(names())}")
    module = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
    world: World = module.world()
    return world
