"""The Corefile was edited by hand, and the add-on that owns it can no longer be updated."""

from __future__ import annotations

from dataclasses import replace

from . import healthy
from .changing import changed, coredns_starts, edited_corefile, logged
from .pod_states import anew
from .settling import settled
from .world import World

SECONDS = 80000.0
FINGERPRINT = (
    "75ed86832c003abf5ff62e1b3236c62433783671b5298d1f59010627e44cc03b"
    "e97121036562958d04125b2f542ea1b392b9a148e186bee0855ed0a7697a85f0"
)
CONFLICT = (
    "Conflicts found when trying to apply. Will not continue due to resolve conflicts mode. Conflicts:\n"
    "ConfigMap coredns - .data.Corefile"
)


def world() -> World:
    """The world itself."""
    well = healthy.world()
    objects = edited_corefile(well.objects, "cache 30", "cache 60", SECONDS + 300)
    objects = settled(changed(objects, "Pod", "coredns-", lambda pod: anew(pod, SECONDS)), SECONDS)
    issue = {"code": "ConfigurationConflict", "message": CONFLICT, "resourceIds": ["coredns"]}
    addons = dict(well.account.addons)
    addons["coredns"] = {**addons["coredns"], "status": "UPDATE_FAILED", "health": {"issues": [issue]}}
    return replace(
        well,
        name="addon-owner-conflict",
        title="The Corefile was edited by hand, and the add-on can no longer be updated",
        objects=objects,
        logs=logged(well.logs, objects, "coredns", lambda _pod: coredns_starts(SECONDS - 1, FINGERPRINT)),
        account=replace(well.account, addons=addons),
        status="at-risk",
        codes=("addon-owner-conflict",),
    )
