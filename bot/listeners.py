"""What people can do in Slack: each listener reads what was sent, has it answered in time, and acknowledges."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable
from typing import Any, TypeVar

from redis.exceptions import RedisError
from slack_bolt import Ack, App, BoltRequest, BoltResponse
from slack_bolt.error import BoltUnhandledRequestError
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot import answers, form, payloads
from bot.commands import Desk
from bot.deadline import Deadline
from bot.grammar import Form
from bot.home_tab import NOT_READ, HomeTab, said
from bot.hostnames import spoken_of
from bot.payloads import Click, MentionEvent, OpenedEvent, Shortcut, Slash, Submission
from bot.policy import Caller
from bot.workspace import Workspace
from contract import names
from contract.blocks import Message
from contract.model import Question
from contract.refusal import Refused

log = logging.getLogger(__name__)

COMMAND, HEALTH = "/dns-check", "/dns-health"
SHORTCUT = "dns_check_message"
Body = dict[str, Any]
T = TypeVar("T")


class Listeners:
    """All that is registered with Bolt. They decide nothing: the desk does, and its rules are in `policy`."""

    def __init__(self, desk: Desk, workspace: Workspace, deadline: Deadline) -> None:
        self.desk = desk
        self.workspace = workspace
        self.deadline = deadline

    def register(self, app: App) -> None:
        """Register all of them."""
        app.command(COMMAND)(self.command)
        app.command(HEALTH)(self.health)
        app.message_shortcut(SHORTCUT)(self.shortcut)
        app.event("app_mention")(self.mention)
        app.event("app_home_opened")(self.home_tab)
        app.action("dns.stop")(self.stop)
        app.action("dns.rerun")(self.rerun)
        app.action("dns.more")(self.more)
        app.action("dns.ask")(self.accept)
        app.action("dns.mute")(self.mute)
        app.action("dns.unmute")(self.unmute)
        app.options(form.CHOOSE)(self.choose)
        app.view(form.CALLBACK)(self.submit)
        app.error(self.failed)

    def command(self, ack: Ack, body: Body, request: BoltRequest, client: WebClient) -> None:
        """The slash command for a check; the answer goes into the acknowledgement."""

        def work(caller: Caller, slash: Slash, key: str) -> Message | None:
            answer = self._in_time(lambda: self.desk.typed(caller, slash.text, key))
            empty = form.opened(caller.channel)
            return self._open(client, empty, slash.trigger_id) if isinstance(answer, Form) else answer

        _typed(ack, body, request, work)

    def health(self, ack: Ack, body: Body, request: BoltRequest) -> None:
        """The slash command for a report."""

        def work(caller: Caller, slash: Slash, key: str) -> Message:
            return self._in_time(lambda: self.desk.health(caller, slash.text, key))

        _typed(ack, body, request, work)

    def shortcut(self, ack: Ack, body: Body, request: BoltRequest, client: WebClient) -> None:
        """The shortcut of a message: the form, with the name that the message speaks of; answered in its thread."""
        ack()
        used = _understood(body, Shortcut)
        if used is None:
            return
        caller = used.caller
        key = payloads.request_key(caller.team, used.trigger_id, _signature(request))
        answer = self._in_time(lambda: self.desk.typed(caller, "", key))
        if isinstance(answer, Form):
            filled = form.opened(caller.channel, caller.thread_ts, spoken_of(used.message.text or ""))
            refused = self._open(client, filled, used.trigger_id)
        else:
            refused = answer
        if refused:
            self.workspace.whisper(caller, refused)

    def _open(self, client: WebClient, filled: dict[str, Any], trigger: str) -> Message | None:
        """Open the form while Slack still allows it; a message where that failed."""
        try:
            client.views_open(trigger_id=trigger, view=filled)
        except (SlackClientError, OSError) as error:
            log.warning("Slack did not open the form: %s", type(error).__name__)
            return answers.NO_FORM
        return None

    def mention(self, ack: Ack, body: Body, request: BoltRequest) -> None:
        """The same words in a message to us; answered in its thread, to its author alone."""
        ack()
        envelope = _understood(body, MentionEvent)
        if envelope is None:
            return
        caller = envelope.caller
        if envelope.event.bot_id or envelope.event.subtype or caller.user == self.workspace.home().bot_user:
            return
        key = payloads.request_key(caller.team, envelope.event_id, _signature(request))
        command, text = _after_mention(envelope.event.text, self.workspace.home().bot_user)
        ask = {COMMAND: self.desk.typed, HEALTH: self.desk.health}.get(command)
        answer = self._in_time(lambda: ask(caller, text, key)) if ask else answers.usage()
        self.workspace.whisper(caller, answers.usage() if isinstance(answer, Form) else answer)

    def home_tab(self, ack: Ack, body: Body) -> None:
        """Somebody opened the Home tab, which is filled for them."""
        ack()
        opened = _understood(body, OpenedEvent)
        if opened is None or opened.event.tab != "home":
            return

        def filled(channels: frozenset[str] | None) -> Body:
            try:
                return HomeTab(self.desk).view(opened.caller, channels)
            except RedisError as error:
                log.warning("Redis failed: %s", type(error).__name__)
                return said(NOT_READ)

        self.workspace.publish(opened.event.user, filled)

    def stop(self, ack: Ack, body: Body) -> None:
        """The button "Stop"."""
        self._pressed(ack, body, lambda click: self.desk.stop(click.caller, _value(click), _ts(click)))

    def rerun(self, ack: Ack, body: Body, request: BoltRequest) -> None:
        """The button "Re-run"."""

        def work(click: Click) -> Message:
            return self.desk.rerun(click.caller, _value(click), _ts(click), _key(click, request))

        self._pressed(ack, body, work)

    def more(self, ack: Ack, body: Body) -> None:
        """The button "Download evidence"."""
        self._pressed(ack, body, lambda click: self.desk.more(click.caller, _value(click), _ts(click)))

    def accept(self, ack: Ack, body: Body, request: BoltRequest) -> None:
        """The button "Check ..."."""
        self._pressed(ack, body, lambda click: self.desk.accepted(click.caller, _value(click), _key(click, request)))

    def mute(self, ack: Ack, body: Body) -> None:
        """The button "Mute ..."."""
        self._pressed(ack, body, lambda click: self.desk.mute(click.caller, _value(click), quiet=True))

    def unmute(self, ack: Ack, body: Body) -> None:
        """The button that takes that back."""
        self._pressed(ack, body, lambda click: self.desk.mute(click.caller, _value(click), quiet=False))

    def _pressed(self, ack: Ack, body: Body, work: Callable[[Click], Message]) -> None:
        """Do what a button stands for, and tell the person who pressed it."""
        ack()
        click = _understood(body, Click)
        if click is None:
            return
        self.workspace.whisper(click.caller, self._in_time(lambda: work(click)))

    def choose(self, ack: Ack, body: Body) -> None:
        """The choices of the form's list of clusters."""
        asked = _understood(body, Submission)
        ack(options=form.options(self.desk.choices(asked.caller, asked.value)) if asked else [])

    def submit(self, ack: Ack, body: Body, request: BoltRequest) -> None:
        """The form was sent: mistakes are shown at their fields, else what became of the question."""
        try:
            sent = payloads.read(body, Submission)
        except Refused as refusal:
            ack(response_action="update", view=form.answered(answers.refused(str(refusal))))
            return
        name, pod = sent.view.value(form.NAME), sent.view.value(form.POD)
        faults = {form.NAME: names.domain_fault(name) if name else "", form.POD: names.pod_fault(pod) if pod else ""}
        wrong = {block: f"That {fault}." for block, fault in faults.items() if fault}
        if wrong:
            ack(response_action="errors", errors=wrong)
            return
        question = Question(cluster=sent.view.value(form.CLUSTER), name=name, pod=pod)
        key = payloads.request_key(sent.caller.team, sent.trigger_id, _signature(request))
        answer = self._in_time(lambda: self.desk.filled_in(sent.caller, question, key))
        ack(response_action="update", view=form.answered(answer))

    def failed(self, error: Exception, body: Body) -> BoltResponse:
        """What is not ours, or went wrong here; never a 5xx, for which Slack shows nothing that helps."""
        if isinstance(error, BoltUnhandledRequestError):
            log.info("nothing here is called %.60s", str(body.get("command") or body.get("type")))
            return _private(answers.NOT_UNDERSTOOD) if "command" in body else BoltResponse(status=200)
        number = secrets.token_hex(4)
        log.error("error %s", number, exc_info=error)
        return _private(answers.broken(number)) if "command" in body else BoltResponse(status=200)

    def _in_time(self, work: Callable[[], T]) -> T | Message:
        return self.deadline.within(work, answers.NOT_QUEUED, answers.TOO_SLOW)


def _understood(body: Body, kind: type[T]) -> T | None:
    """What was sent; None, and a line in the log, where it is of another shape than Slack sends."""
    try:
        return payloads.read(body, kind)
    except Refused:
        log.warning("a %s of another shape than Slack sends", kind.__name__)
        return None


def _typed(ack: Ack, body: Body, request: BoltRequest, work: Callable[[Caller, Slash, str], Message | None]) -> None:
    """Acknowledge a slash command with what `work` answers to its caller, its words and the key of the request."""
    try:
        slash = payloads.read(body, Slash)
    except Refused as refusal:
        _show(ack, answers.refused(str(refusal)))
        return
    caller = Caller(user=slash.user_id, team=slash.team_id, channel=slash.channel_id)
    _show(ack, work(caller, slash, payloads.request_key(slash.team_id, slash.trigger_id, _signature(request))))


def _show(ack: Ack, message: Message | None) -> None:
    """Acknowledge a command, with what only its author sees."""
    if message is None:
        ack()
    else:
        ack(response_type="ephemeral", text=message.text, blocks=list(message.blocks))


def _private(message: Message) -> BoltResponse:
    held = {"response_type": "ephemeral", "text": message.text, "blocks": list(message.blocks)}
    return BoltResponse(status=200, body=held)


def _value(click: Click) -> str:
    return click.actions[0].value


def _ts(click: Click) -> str:
    return click.message.ts if click.message else ""


def _key(click: Click, request: BoltRequest) -> str:
    return payloads.request_key(click.caller.team, click.trigger_id, _signature(request))


def _signature(request: BoltRequest) -> str:
    """What Slack signed the request with; "" over Socket Mode, where nothing is."""
    return next(iter(request.headers.get("x-slack-signature", ())), "")


def _after_mention(text: str, bot_user: str) -> tuple[str, str]:
    """The command after "@dnsmedic", as if it were a slash command, and the words after it; "" for another one."""
    found = re.search(
        rf"<@{re.escape(bot_user)}(?:\|[^>]*)?>\s*/?(dns-check|dns-health)(?:\s+(.*))?\Z",
        text,
        re.DOTALL | re.IGNORECASE,
    )
    return (f"/{found[1].lower()}", found[2] or "") if found and bot_user else ("", "")
