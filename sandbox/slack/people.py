"""What people do in Slack: type commands, press buttons, fill in modals, mention the app."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sandbox.slack import payloads
from sandbox.slack.choices import choose, find
from sandbox.slack.delivery import Post
from sandbox.slack.envelopes import Envelope, Kind
from sandbox.slack.limits.rules import array, either, record
from sandbox.slack.limits.texts import OPTION_GROUPS, PLAIN_OPTION
from sandbox.slack.modals import answered, close, fill_in
from sandbox.slack.records import Ack, Ephemeral, Message, ResponseUrl, View
from sandbox.slack.response_urls import show_answer
from sandbox.slack.state import State
from sandbox.slack.talk import Talk
from sandbox.slack.wire import Impossible, Json, Refusal

_OPTIONS_ANSWER = record(
    {},
    {"options": array(PLAIN_OPTION, 0, 100), "option_groups": OPTION_GROUPS},
    either("options", "option_groups"),
)
MIN_QUERY = 3
"""Characters that a person must type into an external_select that says nothing of `min_query_length`."""


class People(Talk):
    """Everything that a person can do. What Slack's screens do not allow raises Impossible."""

    def __init__(self, state: State, post: Post, url: str) -> None:
        super().__init__(state, post)
        self._url = url

    def command(self, user: str, channel: str, command: str, text: str = "", *, thread_ts: str = "") -> Ack:
        """Type a slash command. What the app answers is shown to the person, or to the channel if it says so."""
        self._is_member(user, channel)
        if command not in self._state.workspace.app.commands:
            raise Impossible(f"{command} is not a valid command")
        if thread_ts:
            raise Impossible("slash commands of apps cannot be used in threads")
        key = self._state.new_response_url(channel, user)
        payload = payloads.command_payload(self._state, user, channel, command, text, self._respond(key))
        ack = self._post.deliver(Envelope(Kind.COMMAND, payload))
        return self._shown(ack, self._state.response_urls[key]) if ack.ok else ack

    def click(
        self,
        user: str,
        where: Message | Ephemeral | View,
        action_id: str,
        value: Any = None,
        *,
        tampered: bool = False,
    ) -> Ack:
        """Press a button or choose in a menu, and confirm where asked to. The newest contents are used.

        value: see `choices.choose`. tampered: send a value that is not offered, as a forger might, or press a button
        that is shown to others only.
        """
        self._sees(user, where)
        blocks = where.payload["blocks"] if isinstance(where, View) else where.blocks
        block, element = find(blocks, action_id, value)
        allowed = element.get("visible_to_user_ids")
        if allowed and user not in allowed and not tampered:
            raise Impossible(f"{user} does not see {action_id}")
        names = {"type": element["type"], "action_id": action_id, "block_id": block["block_id"]}
        choice = choose(element, value, tampered=tampered)
        if isinstance(where, View) and element["type"] != "button":
            with self._state.changing():
                chosen = where.chosen.setdefault(block["block_id"], {})
                chosen[action_id] = {"type": element["type"], **choice}
        return self.act(user, where, {**names, "action_ts": self._state.next_ts(), **choice})

    def act(self, user: str, where: Message | Ephemeral | View, *actions: Json) -> Ack:
        """Deliver actions as they are given: two at once, unknown ones, on messages that have changed since."""
        part, trigger = self._place(user, where)
        more = {"trigger_id": trigger, "actions": list(actions), "state": {"values": _values(actions)}, **part}
        payload = payloads.interaction(self._state, "block_actions", user, more)
        return self._post.deliver(Envelope(Kind.INTERACTIVE, payload))

    def submit(self, user: str, view: View, values: Mapping[str, Any] | None = None) -> Ack:
        """Fill a modal in (values by action_id) and send it; then it closes, changes or shows errors."""
        self._sees(user, view)
        if "submit" not in view.payload:
            raise Impossible("the modal has no button to send it")
        fill_in(self._state, view, values or {})
        trigger = self._state.new_trigger(user, view=view.id, channel=view.channel)
        more = {
            "trigger_id": trigger,
            "view": payloads.view_part(self._state, view)["view"],
            "response_urls": self._response_urls(user, view),
        }
        payload = payloads.interaction(self._state, "view_submission", user, more)
        ack = self._post.deliver(Envelope(Kind.INTERACTIVE, payload))
        if not ack.ok:
            return ack
        error = answered(self._state, view, self._state.triggers[trigger], ack.body)
        return replace(ack, error=error)

    def close(self, user: str, view: View, *, whole_stack: bool = False) -> Ack | None:
        """Close a modal unsent. The app hears of it only where it asked for that."""
        self._sees(user, view)
        close(self._state, view, whole_stack=whole_stack)
        if not view.payload.get("notify_on_close"):
            return None
        shown = payloads.view_part(self._state, view)["view"]
        payload = payloads.interaction(self._state, "view_closed", user, {"view": shown, "is_cleared": whole_stack})
        return self._post.deliver(Envelope(Kind.INTERACTIVE, payload))

    def options(self, user: str, where: Message | Ephemeral | View, action_id: str, typed: str = "") -> Ack:
        """Open a menu whose options the app provides, having typed something; the body holds what is offered."""
        self._sees(user, where)
        blocks = where.payload["blocks"] if isinstance(where, View) else where.blocks
        block, element = find(blocks, action_id)
        if not element["type"].endswith("external_select"):
            raise Impossible(f"{action_id} has its options already")
        if len(typed) < element.get("min_query_length", MIN_QUERY):
            raise Impossible(f"{action_id} asks for options only once more characters are typed (min_query_length)")
        part, _ = self._place(user, where)
        part.pop("response_url", None)
        names = {"action_id": action_id, "block_id": block["block_id"], "value": typed}
        payload = payloads.interaction(self._state, "block_suggestion", user, names | part)
        ack = self._post.deliver(Envelope(Kind.INTERACTIVE, payload))
        if ack.ok and list(_OPTIONS_ANSWER(ack.body, "")):
            return replace(ack, error="invalid_options")
        return ack

    def shortcut(self, user: str, message: Message, callback_id: str) -> Ack:
        """Use a message shortcut of the app."""
        self._sees(user, message)
        if callback_id not in self._state.workspace.app.shortcuts:
            raise Impossible(f"the app has no shortcut {callback_id}")
        part, trigger = self._place(user, message)
        part.pop("container")
        more = {"callback_id": callback_id, "trigger_id": trigger, "message_ts": message.ts, **part}
        more["action_ts"] = self._state.next_ts()
        payload = payloads.interaction(self._state, "message_action", user, more)
        return self._post.deliver(Envelope(Kind.INTERACTIVE, payload))

    def hand_over(self, kind: Kind, payload: Json) -> Ack:
        """Deliver a payload as it is given, signed as Slack's own: for what no person could make Slack send."""
        return self._post.deliver(Envelope(kind, payload))

    def _shown(self, ack: Ack, to: ResponseUrl) -> Ack:
        answer = ack.body if isinstance(ack.body, dict) else {"text": ack.body}
        if not any(answer.get(key) for key in ("text", "blocks", "attachments")):
            return ack
        try:
            with self._state.changing():
                show_answer(self._state, to, answer, source="ack")
        except Refusal:
            return replace(ack, error="invalid_command_response")
        return ack

    def _place(self, user: str, where: Message | Ephemeral | View) -> tuple[Json, str]:
        """The part of a payload that says where something was done, and a trigger for it."""
        if isinstance(where, View):
            trigger = self._state.new_trigger(user, view=where.id, channel=where.channel)
            return payloads.view_part(self._state, where), trigger
        key = self._state.new_response_url(where.channel, user, where.ts, where.thread_ts)
        trigger = self._state.new_trigger(user, channel=where.channel)
        return payloads.message_part(self._state, where, self._respond(key)), trigger

    def _response_urls(self, user: str, view: View) -> list[Json]:
        urls = []
        for block in view.payload["blocks"]:
            element = block.get("element", {})
            if element.get("response_url_enabled"):
                part = view.chosen[block["block_id"]][element["action_id"]]
                channel = part.get("selected_conversation") or part.get("selected_channel")
                key = self._state.new_response_url(channel, user)
                ids = {"block_id": block["block_id"], "action_id": element["action_id"], "channel_id": channel}
                urls.append({**ids, "response_url": self._respond(key)})
        return urls

    def _respond(self, key: str) -> str:
        return f"{self._url}respond/{key}"

    def _sees(self, user: str, where: Message | Ephemeral | View) -> None:
        if isinstance(where, View):
            if where.user != user or where.closed:
                raise Impossible(f"{user} does not see this view")
            return
        self._is_member(user, where.channel)
        if where.deleted or (isinstance(where, Ephemeral) and where.user != user):
            raise Impossible(f"{user} does not see this message")


def _values(actions: Sequence[Json]) -> Json:
    """What Slack tells of the menus of a message: what was chosen in them, by block and element."""
    values: Json = {}
    names = ("block_id", "action_id", "action_ts", "text")
    for action in actions:
        if action.get("type") not in ("button", "overflow", "icon_button"):
            part = {key: value for key, value in action.items() if key not in names}
            values.setdefault(str(action.get("block_id")), {})[action.get("action_id")] = part
    return values
