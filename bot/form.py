"""The form of `/dns-check`, and of the shortcut: a cluster to choose, perhaps the name and the pod that it fails for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contract.blocks import Message
from contract.blocks.message import words

CALLBACK = "dns.form"
CLUSTER, NAME, POD = "cluster", "name", "pod"
CHOOSE = "dns.cluster"

_MOST_OPTIONS = 100


def opened(channel: str, thread_ts: str = "", name: str = "") -> dict[str, Any]:
    """The form, which remembers the channel, and perhaps the thread, that it was opened in. name: already filled in."""
    choice = {
        "type": "external_select",
        "action_id": CHOOSE,
        "placeholder": words("Choose a cluster"),
        "min_query_length": 0,
    }
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": f"{channel} {thread_ts}".strip(),
        "title": words("Check DNS", 24),
        "submit": words("Check", 24),
        "close": words("Cancel", 24),
        "blocks": [
            {"type": "input", "block_id": CLUSTER, "label": words("Cluster"), "element": choice},
            _text_field(NAME, "A name that fails", "db.example.org", "It is looked up inside the cluster.", name),
            _text_field(POD, "A pod that it fails for", "shop/web-1", "Written as namespace/pod."),
        ],
    }


def _text_field(block: str, label: str, example: str, hint: str, given: str = "") -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": block,
        "optional": True,
        "label": words(label),
        "hint": words(hint, 150),
        "element": {
            "type": "plain_text_input",
            "action_id": f"dns.{block}",
            "max_length": 400,
            "placeholder": words(example),
            **({"initial_value": given} if given else {}),
        },
    }


def answered(message: Message) -> dict[str, Any]:
    """The form once it was sent: what became of it."""
    blocks = list(message.blocks)
    return {"type": "modal", "title": words("Check DNS", 24), "close": words("Close", 24), "blocks": blocks}


def options(clusters: Sequence[str]) -> list[dict[str, Any]]:
    """The clusters as choices; Slack takes a hundred, and asks again with every letter that is typed."""
    return [{"text": words(name), "value": name} for name in clusters[:_MOST_OPTIONS]]
