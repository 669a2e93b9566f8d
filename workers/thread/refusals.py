"""Slack's reasons for not taking a message, by what is to be done about them."""

from __future__ import annotations

FORM = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_blocks_too_many", "block_mismatch"}
)
"""The message's form: its next, plainer form is sent."""

BLOCKS = frozenset({"invalid_blocks", "invalid_blocks_format"})
"""The workspace does not know such blocks: worth remembering."""

GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"})
"""The parent message cannot be edited or answered: a new one takes its place, once."""

SIGNED_OUT = frozenset(
    {
        "account_inactive",
        "invalid_auth",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "org_login_required",
        "token_expired",
        "token_revoked",
    }
)
"""Slack takes nothing from us at all: everything waits for somebody to put that right."""

PAUSE_SIGNED_OUT = 60.0

_LOST = "so the answer of {run} could not be posted there"
_INVITE = f"I am not in {{channel}}, {_LOST}. Invite me with `/invite @dnsmedic`."
_READ_ONLY = f"I may not write in {{channel}}, {_LOST}. Ask an admin of the channel."
_ARCHIVED = f"{{channel}} is archived, {_LOST}. Ask again in another channel."

_CHANNEL = {
    "not_in_channel": _INVITE,
    "channel_not_found": _INVITE,
    "is_archived": _ARCHIVED,
    "is_inactive": _ARCHIVED,
    "restricted_action_thread_only_channel": f"{{channel}} takes replies only, {_LOST}. Ask inside a thread there.",
    "restricted_action_thread_locked": f"That thread in {{channel}} is locked, {_LOST}.",
    "restricted_action_non_threadable_channel": f"{{channel}} takes no replies, {_LOST}. Ask in another channel.",
    "app_access_restricted": f"An admin keeps apps out of {{channel}}, {_LOST}.",
    "team_access_not_granted": f"I have no access to the workspace of {{channel}}, {_LOST}.",
    "ekm_access_denied": f"Your admins have closed {{channel}} for apps, {_LOST}.",
    "messages_tab_disabled": f"{{channel}} takes no messages from apps, {_LOST}.",
    "user_disabled": "That person's account is closed, so the answer of {run} could not be sent.",
}


def channel_sentence(error: str, channel: str, run: str) -> str:
    """Why nothing can be said in this channel, and what to do, for a person; "" if the channel is not the reason."""
    sentence = _CHANNEL.get(error, _READ_ONLY if error.startswith("restricted_action") else "")
    return sentence.format(channel=f"<#{channel}>", run=f"`{run}`")
