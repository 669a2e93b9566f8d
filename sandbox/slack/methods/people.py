"""Who is who: auth.test, team.info, users.* and usergroups.*."""

from __future__ import annotations

from sandbox.slack.methods.registry import Request, method
from sandbox.slack.wire import Json, Refusal
from sandbox.slack.workspace import User


@method("auth.test")
def auth_test(request: Request) -> Json:
    """Whose token this is."""
    workspace = request.state.workspace
    return {
        "url": f"https://{workspace.domain}.slack.com/",
        "team": workspace.team_name,
        "team_id": workspace.team_id,
        "user": workspace.app.name,
        "user_id": workspace.app.bot_user,
        "bot_id": workspace.app.bot_id,
        "is_enterprise_install": False,
    }


@method("team.info", scopes=["team:read"])
def team_info(request: Request) -> Json:
    """The workspace itself."""
    workspace = request.state.workspace
    return {"team": {"id": workspace.team_id, "name": workspace.team_name, "domain": workspace.domain}}


@method("users.info", scopes=["users:read"], required=["user"])
def users_info(request: Request) -> Json:
    """One person or bot."""
    return {"user": _shown(request, request.state.user(request.text("user")))}


@method("users.list", scopes=["users:read"])
def users_list(request: Request) -> Json:
    """Everybody, page by page."""
    page, following = request.page(list(request.state.users.values()))
    return {"members": [_shown(request, user) for user in page], **following}


@method("usergroups.users.list", scopes=["usergroups:read"], required=["usergroup"])
def usergroups_users_list(request: Request) -> Json:
    """The ids of the members of a user group."""
    group = request.state.groups.get(request.text("usergroup"))
    if group is None:
        raise Refusal("no_such_subteam")
    return {"users": list(group.users)}


def _shown(request: Request, user: User) -> Json:
    team = request.state.workspace.team_id
    return {
        "id": user.id,
        "team_id": "T0ELSEWHERE" if user.is_stranger else team,
        "name": user.name,
        "real_name": user.real_name,
        "deleted": user.deleted,
        "tz": user.tz,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "is_admin": user.is_admin,
        "is_restricted": user.is_restricted,
        "is_ultra_restricted": user.is_ultra_restricted,
        "is_stranger": user.is_stranger,
        "profile": {"real_name": user.real_name, "display_name": user.name, "team": team},
    }
