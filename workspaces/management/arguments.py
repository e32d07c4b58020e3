"""Arguments that several commands read alike."""

from argparse import ArgumentTypeError
from datetime import timedelta

from workspaces.models import APIKey, User, Workspace, parse_workspace_id
from workspaces.tokens import parse_public_part

_LONGEST = timedelta(days=36_500)
_MOST_DIGITS = 10
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def workspace(text: str) -> Workspace:
    """Return the workspace of a `ws_…`."""
    workspace_id = parse_workspace_id(text)
    found = Workspace.objects.filter(id=workspace_id).first() if workspace_id else None
    if found is None:
        raise ArgumentTypeError(f"there is no workspace {text}")
    return found


def api_key(text: str) -> APIKey:
    """Return the key whose part before the dot this is."""
    public_part = parse_public_part(text)
    if public_part is not None:
        public_id, workspace_id = public_part
        keys = APIKey.objects.in_workspace(workspace_id).select_related("workspace")
        found: APIKey | None = keys.filter(public_id=public_id).first()
        if found is not None:
            return found
    raise ArgumentTypeError("there is no such key; give its part before the dot")


def user(text: str) -> User:
    """Return the user of an e-mail address."""
    found = User.objects.filter(email__iexact=text).first()
    if found is None:
        raise ArgumentTypeError(f"there is no user {text}")
    return found


def duration(text: str) -> timedelta:
    """Return a length of time such as 30m, 24h or 7d."""
    number, unit = text[:-1], _UNITS.get(text[-1:])
    if unit is None or not number.isdecimal():
        raise ArgumentTypeError(f"{text!r} is no length of time such as 30m, 24h or 7d")
    if len(number) > _MOST_DIGITS or (length := timedelta(**{unit: int(number)})) > _LONGEST:
        raise ArgumentTypeError("at most 36500 days are possible")
    return length
