"""The stream of changes to one person's page: first everything, then what became different and what is gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from threading import Event
from time import monotonic
from typing import Any

from sandbox.demo.controls import Controls
from sandbox.web import panel
from sandbox.web.shown import seen_by

_PAUSE = 0.1
_LOOK = 0.5
_BREATH = 10.0


def changes(controls: Controls, user: str, closing: Event) -> Iterator[str]:
    """Server-sent events until `closing`. A comment goes out now and then, so that a caller who left is noticed."""
    known: dict[str, str] = {}
    version = -1
    said = monotonic()
    while not closing.is_set():
        # What happens while it is looked at counts as new.
        now = controls.slack.api.version
        seen: dict[str, Any] = panel.shown(controls)
        if now != version:
            seen = seen_by(controls.slack, user) | seen
        made = {name: json.dumps(each, ensure_ascii=False) for name, each in seen.items()}
        changed = [name for name, text in made.items() if known.get(name) != text]
        gone = [name for name in known if name not in made] if now != version else []
        version = now
        known.update(made)
        for name in gone:
            del known[name]
        if changed or gone:
            values = ",".join(f"{json.dumps(name)}:{made[name]}" for name in changed)
            yield f'data: {{"set":{{{values}}},"gone":{json.dumps(gone)}}}\n\n'
            said = monotonic()
        elif monotonic() - said > _BREATH:
            yield ": still here\n\n"
            said = monotonic()
        closing.wait(_PAUSE)
        controls.slack.api.wait_change(version, _LOOK)
