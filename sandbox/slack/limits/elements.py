"""What Slack takes as interactive elements: buttons, menus, pickers and inputs."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.slack.limits.rules import Rule, array, boolean, choice, either, number, record, string, tagged
from sandbox.slack.limits.texts import (
    CONFIRM,
    ID,
    IMAGE,
    OPTION,
    OPTION_GROUPS,
    OPTIONS,
    PLAIN_OPTION,
    URL,
    plain_text,
)

_ACTION: dict[str, Rule] = {"action_id": ID, "confirm": CONFIRM, "focus_on_load": boolean}
_MENU: dict[str, Rule] = {**_ACTION, "placeholder": plain_text(150)}
_MULTI: dict[str, Rule] = {**_MENU, "max_selected_items": number(1)}
_TYPED: dict[str, Rule] = {
    "action_id": ID,
    "placeholder": plain_text(150),
    "focus_on_load": boolean,
    "dispatch_action_config": record(
        {}, {"trigger_actions_on": array(choice("on_enter_pressed", "on_character_entered"), 1)}
    ),
}
_USER = string(pattern=r"[UW][A-Z0-9]+")
_CONVERSATION = string(pattern=r"[CDGUW][A-Z0-9]+")
_FILTER = record(
    {},
    {
        "include": array(choice("im", "mpim", "private", "public"), 1),
        "exclude_bot_users": boolean,
        "exclude_external_shared_channels": boolean,
    },
)
_BUTTON: dict[str, Rule] = {
    "action_id": ID,
    "url": URL,
    "value": string(2000),
    "style": choice("primary", "danger"),
    "confirm": CONFIRM,
    "accessibility_label": string(75),
    "visible_to_user_ids": array(_USER, 1, 10),
}
_FEEDBACK = record({"text": plain_text(75), "value": string(2000)}, {"accessibility_label": string(75)})
_LISTED = either("options", "option_groups")
_DATE = string(pattern=r"\d{4}-\d{2}-\d{2}")
_TIME = string(pattern=r"\d{2}:\d{2}")

BUTTON = record({"text": plain_text(75)}, _BUTTON)
OVERFLOW = record({"options": array(PLAIN_OPTION, 1, 5)}, {"action_id": ID, "confirm": CONFIRM})

PICKERS: Mapping[str, Rule] = {
    "static_select": record(
        {}, {**_MENU, "options": OPTIONS, "option_groups": OPTION_GROUPS, "initial_option": PLAIN_OPTION}, _LISTED
    ),
    "external_select": record({}, {**_MENU, "min_query_length": number(0), "initial_option": PLAIN_OPTION}),
    "users_select": record({}, {**_MENU, "initial_user": _USER}),
    "conversations_select": record(
        {},
        {
            **_MENU,
            "initial_conversation": _CONVERSATION,
            "default_to_current_conversation": boolean,
            "response_url_enabled": boolean,
            "filter": _FILTER,
        },
    ),
    "channels_select": record({}, {**_MENU, "initial_channel": _CONVERSATION, "response_url_enabled": boolean}),
    "multi_static_select": record(
        {}, {**_MULTI, "options": OPTIONS, "option_groups": OPTION_GROUPS, "initial_options": OPTIONS}, _LISTED
    ),
    "multi_external_select": record({}, {**_MULTI, "min_query_length": number(0), "initial_options": OPTIONS}),
    "multi_users_select": record({}, {**_MULTI, "initial_users": array(_USER, 1)}),
    "multi_conversations_select": record(
        {},
        {
            **_MULTI,
            "initial_conversations": array(_CONVERSATION, 1),
            "default_to_current_conversation": boolean,
            "filter": _FILTER,
        },
    ),
    "multi_channels_select": record({}, {**_MULTI, "initial_channels": array(_CONVERSATION, 1)}),
    "checkboxes": record({"options": array(OPTION, 1, 10)}, {**_ACTION, "initial_options": array(OPTION, 1, 10)}),
    "radio_buttons": record({"options": array(OPTION, 1, 10)}, {**_ACTION, "initial_option": OPTION}),
    "datepicker": record({}, {**_MENU, "initial_date": _DATE}),
    "timepicker": record({}, {**_MENU, "initial_time": _TIME, "timezone": string()}),
    "datetimepicker": record({}, {**_ACTION, "initial_date_time": number(1_000_000_000, 9_999_999_999)}),
}
TYPED: Mapping[str, Rule] = {
    "plain_text_input": record(
        {},
        {
            **_TYPED,
            "initial_value": string(3000, 0),
            "multiline": boolean,
            "min_length": number(0, 3000),
            "max_length": number(1, 3000),
        },
    ),
    "email_text_input": record({}, {**_TYPED, "initial_value": string()}),
    "url_text_input": record({}, {**_TYPED, "initial_value": string()}),
    "number_input": record(
        {"is_decimal_allowed": boolean},
        {**_TYPED, "initial_value": string(), "min_value": string(), "max_value": string()},
    ),
    "file_input": record({}, {"action_id": ID, "filetypes": array(string(), 1), "max_files": number(1, 10)}),
}

_SINGLE = {name: rule for name, rule in PICKERS.items() if not name.startswith("multi_")}
IN_ACTIONS = tagged({**_SINGLE, "button": BUTTON, "overflow": OVERFLOW})
IN_SECTION = tagged({**PICKERS, "button": BUTTON, "overflow": OVERFLOW, "image": IMAGE})
IN_INPUT = tagged({**PICKERS, **TYPED})
IN_CONTEXT_ACTIONS = tagged(
    {
        "feedback_buttons": record({"positive_button": _FEEDBACK, "negative_button": _FEEDBACK}, {"action_id": ID}),
        "icon_button": record(
            {"icon": choice("trash"), "text": plain_text(75)},
            {
                key: _BUTTON[key]
                for key in ("action_id", "value", "confirm", "accessibility_label", "visible_to_user_ids")
            },
        ),
    }
)
