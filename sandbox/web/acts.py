"""What people do on the page, handed to the pretend Slack as their deeds; what goes wrong comes back as a sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.demo.controls import Controls
from sandbox.slack import Ack, Ephemeral, Impossible, Message, Refusal, View

Json = dict[str, Any]

_NOT_TAKEN = {
    "operation_timeout": "dnsmedic did not answer within three seconds. Try again.",
    "dispatch_failed": "dnsmedic cannot be reached at the moment. The panel shows whether its bot runs.",
    "invalid_command_response": "dnsmedic answered something that Slack cannot show.",
    "invalid_options": "dnsmedic offered something that Slack cannot show.",
}


def act(controls: Controls, what: str, given: Json) -> Json:
    """Do one thing as a person. `error` of what comes back is "" or a sentence; `body` is what the app answered."""
    if what not in _ACTS:
        return {"error": "Nobody can do that here.", "body": None}
    try:
        ack = _ACTS[what](controls, _text(given, "as"), given)
    except (Impossible, Refusal) as refused:
        return {"error": _sentence(str(refused)), "body": None}
    if ack is None:
        return {"error": "", "body": None}
    return {"error": _NOT_TAKEN.get(ack.error, ack.error and _sentence(ack.error)), "body": ack.body}


def _sentence(words: str) -> str:
    return f"Slack does not allow that: {words}."


def _text(given: Json, name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise Impossible(f"the page did not say {name!r}")
    return value


def _write(controls: Controls, user: str, given: Json) -> Ack | None:
    """Send what was typed: a command, a mention or a message."""
    slack, channel, text = controls.slack, _text(given, "channel"), _text(given, "text").strip()
    thread = str(given.get("thread") or "")
    app = slack.state.workspace.app
    first, _, rest = text.partition(" ")
    if first.startswith("/"):
        controls.somebody_presses()
        return slack.command(user, channel, first, rest.strip(), thread_ts=thread)
    if first.lower() == f"@{app.name}":
        controls.somebody_presses()
        return slack.mention(user, channel, rest.strip(), thread_ts=thread)
    slack.say(user, channel, text, thread_ts=thread)
    return None


def _click(controls: Controls, user: str, given: Json) -> Ack | None:
    controls.somebody_presses()
    where = _where(controls, user, given.get("where"))
    return controls.slack.click(user, where, _text(given, "action"), given.get("value"))


def _options(controls: Controls, user: str, given: Json) -> Ack | None:
    where = _where(controls, user, given.get("where"))
    return controls.slack.options(user, where, _text(given, "action"), str(given.get("typed") or ""))


def _submit(controls: Controls, user: str, given: Json) -> Ack | None:
    controls.somebody_presses()
    return controls.slack.submit(user, _open_view(controls, user, _text(given, "view")), given.get("values") or {})


def _close(controls: Controls, user: str, given: Json) -> Ack | None:
    return controls.slack.close(user, _open_view(controls, user, _text(given, "view")))


def _home(controls: Controls, user: str, _given: Json) -> Ack | None:
    return controls.slack.open_home(user)


def _shortcut(controls: Controls, user: str, given: Json) -> Ack | None:
    message = controls.slack.api.message(_text(given, "channel"), _text(given, "ts"))
    return controls.slack.shortcut(user, message, _text(given, "name"))


def _where(controls: Controls, user: str, where: Any) -> Message | Ephemeral | View:
    """The message, private answer or view that holds an element. Raises Impossible or Refusal."""
    api = controls.slack.api
    if not isinstance(where, dict):
        raise Impossible("the page did not say where")
    if where.get("view"):
        return _open_view(controls, user, _text(where, "view"))
    if where.get("private"):
        found = [each for each in api.ephemerals(user) if each.ts == where.get("ts")]
        if not found:
            raise Impossible("that answer is gone")
        return found[0]
    return api.message(_text(where, "channel"), _text(where, "ts"))


def _open_view(controls: Controls, user: str, view: str) -> View:
    home = controls.slack.api.home(user)
    found = [each for each in (*controls.slack.api.views, home) if each is not None and each.id == view]
    if not found:
        raise Impossible("that form is closed already")
    return found[0]


_ACTS: dict[str, Callable[[Controls, str, Json], Ack | None]] = {
    "write": _write,
    "click": _click,
    "options": _options,
    "submit": _submit,
    "close": _close,
    "home": _home,
    "shortcut": _shortcut,
}
