"""Modals and the Home tab: views.*."""

from __future__ import annotations

import secrets

from sandbox.slack.limits.blocks import Surface
from sandbox.slack.limits.views import STACK, check_view
from sandbox.slack.methods.contents import named
from sandbox.slack.methods.registry import Request, method
from sandbox.slack.records import Trigger, View
from sandbox.slack.state import State
from sandbox.slack.wire import Json, Refusal, invalid_arguments

TRIGGER_SECONDS = 3.0


@method("views.open", required=["trigger_id", "view"])
def open_(request: Request) -> Json:
    """Open a modal in answer to an interaction."""
    payload = check_view(request.json("view"), Surface.MODAL)
    _external_id_is_free(request.state, payload)
    trigger = _spend(request)
    return {"view": shown(request.state, add_view(request.state, trigger.user, payload, trigger.channel))}


@method("views.push", required=["trigger_id", "view"])
def push(request: Request) -> Json:
    """Put a modal on top of the one that somebody used."""
    payload = check_view(request.json("view"), Surface.MODAL)
    _external_id_is_free(request.state, payload)
    trigger = _spend(request)
    return {"view": shown(request.state, push_view(request.state, trigger, payload))}


@method("views.update", required=["view"])
def update(request: Request) -> Json:
    """Change a view that is open."""
    state = request.state
    if not request.has("view_id") and not request.has("external_id"):
        raise invalid_arguments("must provide view_id or external_id")
    view = _find(state, request.text("view_id"), request.text("external_id"))
    payload = check_view(request.json("view"), Surface(view.type))
    if request.has("hash") and request.text("hash") != view.hash:
        raise Refusal("hash_conflict")
    _external_id_is_free(state, payload, but=view)
    replace_view(state, view, payload)
    return {"view": shown(state, view)}


@method("views.publish", required=["user_id", "view"])
def publish(request: Request) -> Json:
    """Fill a person's Home tab."""
    state, user = request.state, request.text("user_id")
    payload = check_view(request.json("view"), Surface.HOME)
    if user not in state.users:
        raise invalid_arguments("invalid user_id")
    if not state.workspace.app.home_tab:
        raise Refusal("not_enabled")
    home = state.views.get(state.homes.get(user, ""))
    if home is not None and request.has("hash") and request.text("hash") != home.hash:
        raise Refusal("hash_conflict")
    _external_id_is_free(state, payload, but=home)
    if home is None:
        home = add_view(state, user, payload)
        with state.changing():
            state.homes[user] = home.id
    else:
        replace_view(state, home, payload)
    return {"view": shown(state, home)}


def add_view(state: State, user: str, payload: Json, channel: str = "") -> View:
    """Open a view that was checked."""
    name = state.next_id("V")
    view = View(id=name, user=user, payload=_named(state, payload), hash=_hash(state), root=name, channel=channel)
    with state.changing():
        state.views[name] = view
    return view


def push_view(state: State, trigger: Trigger, payload: Json) -> View:
    """Open a view on top of the one that the trigger belongs to. Raises Refusal."""
    below = state.views.get(trigger.view)
    if below is None or below.closed:
        raise Refusal("not_found")
    stack = [each for each in state.views.values() if each.root == below.root and not each.closed]
    if len(stack) >= STACK:
        raise Refusal("push_limit_reached")
    view = add_view(state, trigger.user, payload, below.channel)
    with state.changing():
        view.root, view.previous = below.root, below.id
    return view


def replace_view(state: State, view: View, payload: Json) -> None:
    """Give a view new contents that were checked. What was put into inputs with the same ids stays."""
    with state.changing():
        view.revisions.append(view.payload)
        view.payload, view.hash = _named(state, payload), _hash(state)


def shown(state: State, view: View) -> Json:
    """A view as Slack's answers and payloads show it."""
    app = state.workspace.app
    return {
        "private_metadata": "",
        "callback_id": "",
        "external_id": "",
        "clear_on_close": False,
        "notify_on_close": False,
        **view.payload,
        "id": view.id,
        "team_id": state.workspace.team_id,
        "app_id": app.id,
        "bot_id": app.bot_id,
        "hash": view.hash,
        "state": {"values": view.chosen},
        "root_view_id": view.root,
        "previous_view_id": view.previous or None,
    }


def _spend(request: Request) -> Trigger:
    trigger = request.state.triggers.get(request.text("trigger_id"))
    if trigger is None:
        raise Refusal("invalid_trigger_id")
    with request.state.changing():
        if trigger.used:
            raise Refusal("exchanged_trigger_id")
        if request.state.clock.now() - trigger.at > TRIGGER_SECONDS:
            raise Refusal("expired_trigger_id")
        trigger.used = True
    return trigger


def _find(state: State, view: str, external: str) -> View:
    for each in state.views.values():
        if not each.closed and (each.id == view or (external and each.payload.get("external_id") == external)):
            return each
    raise Refusal("not_found")


def _external_id_is_free(state: State, payload: Json, but: View | None = None) -> None:
    wanted = payload.get("external_id")
    if wanted and any(
        each.payload.get("external_id") == wanted
        for each in state.views.values()
        if each is not but and not each.closed
    ):
        raise Refusal("duplicate_external_id")


def _named(state: State, payload: Json) -> Json:
    return {**payload, "blocks": named(state, payload["blocks"])}


def _hash(state: State) -> str:
    return f"{int(state.clock.now())}.{secrets.token_hex(4)}"
