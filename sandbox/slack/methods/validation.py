"""Checking without sending, and opening Socket Mode: blocks.validate and apps.connections.open."""

from __future__ import annotations

from sandbox.slack.limits.blocks import Surface
from sandbox.slack.limits.messages import BLOCKS, problems_of
from sandbox.slack.limits.rules import Problem
from sandbox.slack.limits.views import view_problems
from sandbox.slack.methods.registry import Request, method
from sandbox.slack.wire import Json, Refusal


@method("blocks.validate", open_to_all=True)
def blocks_validate(request: Request) -> Json:
    """Say what is wrong with blocks, a message or a view. It needs no token."""
    given = [name for name in ("blocks", "view", "message") if request.has(name)]
    if len(given) != 1:
        message = "must provide exactly one of `blocks`, `view`, or `message`"
        raise Refusal("invalid_arguments", response_metadata={"messages": [message]})
    name, value = given[0], request.json(given[0])
    modern = request.state.workspace.modern_blocks
    if name == "view":
        problems = list(view_problems(value, "", Surface.MODAL, Surface.HOME))
    elif name == "message":
        blocks = value.get("blocks", []) if isinstance(value, dict) else None
        problems = _problems(blocks, "/blocks", modern=modern)
    else:
        problems = _problems(value, "", modern=modern)
    if problems:
        raise Refusal(f"invalid_{name}", errors=[_shown(each) for each in problems])
    return {}


@method("apps.connections.open", scopes=["connections:write"], app_level=True)
def connections_open(request: Request) -> Json:
    """An address for a WebSocket, good once."""
    return {"url": request.websocket_url()}


def _problems(blocks: object, at: str, *, modern: bool) -> list[Problem]:
    if not isinstance(blocks, list):
        return [Problem(at, "must provide an array", {"type": "type", "expected": "array"})]
    if len(blocks) > BLOCKS:
        return [Problem(at, f"no more than {BLOCKS} items allowed", {"type": "max_items", "expected": BLOCKS})]
    return list(problems_of(blocks, Surface.MESSAGE, at, modern=modern))


def _shown(problem: Problem) -> Json:
    return {
        "code": "failed_constraint",
        "message": problem.message,
        "pointer": problem.pointer,
        "constraint": problem.constraint,
    }
