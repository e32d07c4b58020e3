import logging
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib.sessions.models import Session
from django.db import IntegrityError
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from tests.conftest import client_of
from workspaces.admin.tenants import row_address
from workspaces.models import APIKey, AuditEntry, Workspace, new_uuid
from workspaces.scopes import EVENTS_READ, EVENTS_WRITE
from workspaces.services import create_api_key, revoke_api_key

TOKEN = re.compile(r'value="(ws_(?:live|test)_[a-z0-9]{8}_[a-z0-9]+\.[0-9A-Za-z]{38})"')
ADD = "/admin/workspaces/apikey/add/"


def form_of(chosen: Workspace, **fields: Any) -> dict[str, Any]:
    kept = {"key_id": new_uuid(), "workspace": chosen.public_id, "name": "Shop", "mode": "live"}
    return {**kept, "scopes": [EVENTS_READ], "rate_limit": 50, "expires_at": "", **fields}


def token_in(answer: HttpResponse) -> str:
    found = TOKEN.search(answer.content.decode())
    assert found is not None, answer.content.decode()
    return found[1]


def keys_of(workspace: Workspace) -> Any:
    return APIKey.objects.in_workspace(workspace.id)


def audited(workspace: Workspace) -> list[tuple[str, str]]:
    entries = AuditEntry.objects.in_workspace(workspace.id).filter(action__startswith="api_key")
    return list(entries.order_by("created_at").values_list("action", "actor_label"))


def test_a_new_key_works(admin: Client, workspace: Workspace, base_url: str) -> None:
    answer = admin.post(ADD, form_of(workspace))
    key = keys_of(workspace).get()
    key.token = token_in(answer)
    assert (key.name, key.mode, key.scopes, key.rate_limit) == ("Shop", "live", [EVENTS_READ], 50)
    assert client_of(key).get(f"{base_url}/events").status_code == 200
    assert audited(workspace) == [("api_key.created", "op@example.com")]


def test_a_secret_is_in_one_answer_and_nowhere_else(
    admin: Client, workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = admin.post(ADD, form_of(workspace))
    secret = token_in(answer).partition(".")[2]
    key = keys_of(workspace).get()
    entries = AuditEntry.objects.in_workspace(workspace.id)
    session = Session.objects.get().get_decoded()
    cookies = str(admin.cookies)
    later = [admin.get(page).content.decode() for page in (row_address(key), "/admin/", ADD)]
    kept = [str(key.__dict__), str(entries.values()), str(session), cookies, caplog.text, *later]
    assert not any(secret in text for text in kept)
    assert "no-store" in answer["Cache-Control"]


def test_sending_the_form_again_makes_no_second_key(admin: Client, workspace: Workspace) -> None:
    form = form_of(workspace)
    admin.post(ADD, form)
    answer = admin.post(ADD, form, follow=True)
    assert keys_of(workspace).count() == 1
    assert "was sent before" in answer.content.decode()
    assert TOKEN.search(answer.content.decode()) is None


def test_a_key_id_is_used_once(workspace: Workspace) -> None:
    fields: dict[str, Any] = {"workspace": workspace, "name": "x", "scopes": []}
    key, _ = create_api_key(**fields)
    with pytest.raises(IntegrityError):
        create_api_key(**fields, key_id=key.id)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "a\0b"),
        ("name", "a\x1bb"),
        ("name", "x" * 256),
        ("scopes", ["events:everything"]),
        ("scopes", []),
        ("mode", "dev"),
        ("rate_limit", "-1"),
        ("rate_limit", str(2**31)),
        ("expires_at", "2020-01-01T00:00"),
        ("expires_at", "soon"),
        ("expires_at", "99999-01-01T00:00"),
        ("workspace", "ws_zzzzzzzz"),
        ("key_id", "1"),
    ],
)
def test_a_wrong_field_makes_no_key(
    admin: Client, workspace: Workspace, field: str, value: Any
) -> None:
    answer = admin.post(ADD, form_of(workspace, **{field: value}))
    assert answer.status_code == 200
    assert answer.context["page"].form.errors.get(field)
    assert not keys_of(workspace).exists()


def test_a_key_goes_to_the_workspace_that_was_chosen(
    admin: Client, workspace: Workspace, other_workspace: Workspace
) -> None:
    admin.post(f"{ADD}?workspace={workspace.public_id}", form_of(other_workspace))
    assert keys_of(other_workspace).count() == 1
    assert not keys_of(workspace).exists()


def test_rotating_keeps_the_old_key_for_the_grace_period(
    admin: Client, workspace: Workspace, api_key: APIKey
) -> None:
    successor_id = new_uuid()
    form = {"grace": "1d", "key_id": successor_id}
    answer = admin.post(row_address(api_key, "rotate"), form)
    successor = keys_of(workspace).get(id=successor_id)
    assert token_in(answer).startswith(successor.public_part)
    assert successor.scopes == sorted(api_key.scopes)
    api_key.refresh_from_db()
    assert api_key.expires_at - timezone.now() == pytest.approx(
        timedelta(days=1), abs=timedelta(minutes=1)
    )
    assert ("api_key.rotated", "op@example.com") in audited(workspace)


def test_rotating_twice_by_one_form_rotates_once(
    admin: Client, workspace: Workspace, api_key: APIKey
) -> None:
    form = {"grace": "0", "key_id": new_uuid()}
    address = row_address(api_key, "rotate")
    admin.post(address, form)
    answer = admin.post(address, form, follow=True)
    assert "was sent before" in answer.content.decode()
    assert keys_of(workspace).count() == 2


def test_a_revoked_key_cannot_be_rotated(admin: Client, api_key: APIKey) -> None:
    revoke_api_key(api_key=api_key)
    form = {"grace": "0", "key_id": new_uuid()}
    answer = admin.post(row_address(api_key, "rotate"), form)
    assert "revoked or expired cannot be rotated" in answer.content.decode()
    assert row_address(api_key, "rotate") not in admin.get(row_address(api_key)).content.decode()


def test_revoking_asks_first(
    admin: Client, workspace: Workspace, api_key: APIKey, base_url: str
) -> None:
    address = row_address(api_key, "revoke")
    assert "Revoke" in admin.get(address).content.decode()
    assert client_of(api_key).get(f"{base_url}/events").status_code == 200
    admin.post(address)
    assert client_of(api_key).get(f"{base_url}/events").status_code == 401
    assert audited(workspace)[-1] == ("api_key.revoked", "op@example.com")


def test_changing_a_key_changes_what_was_changed(
    admin: Client, workspace: Workspace, api_key: APIKey
) -> None:
    api_key.expires_at = timezone.now() + timedelta(days=1)
    api_key.save(update_fields=["expires_at"])
    page = admin.get(row_address(api_key, "edit")).context["page"].form
    form = {**page.initial, "expires_at": page["expires_at"].value(), "scopes": [EVENTS_WRITE]}
    admin.post(row_address(api_key, "edit"), form)
    expires_at = api_key.expires_at
    api_key.refresh_from_db()
    assert api_key.scopes == [EVENTS_WRITE]
    assert api_key.expires_at == expires_at
    assert audited(workspace)[-1] == ("api_key.changed", "op@example.com")


@pytest.mark.parametrize("page", ["change", "edit"])
@pytest.mark.parametrize("row_id", ["x", "-", "lf8fqb5n-nothing", "%00", f"zzzzzzzz-{UUID(int=1)}"])
def test_keys_that_do_not_exist(
    admin: Client, workspace: Workspace, page: str, row_id: str
) -> None:
    answer = admin.get(f"/admin/workspaces/apikey/{row_id}/{page}/")
    assert answer.status_code in (302, 404)


def test_a_key_is_found_in_its_own_workspace_alone(
    admin: Client, api_key: APIKey, other_workspace: Workspace
) -> None:
    api_key.workspace_id = other_workspace.id
    assert admin.get(row_address(api_key, "edit")).status_code == 404


def test_the_list_says_what_became_of_each_key(
    admin: Client, workspace: Workspace, make_client: Callable[..., Client]
) -> None:
    make_client(name="Used").get(f"/api/v1/workspaces/{workspace.public_id}/events")
    make_client(name="Over", expired=True)
    page = admin.get(f"/admin/workspaces/apikey/?workspace={workspace.public_id}").content.decode()
    assert all(text in page for text in ("Used", "Over", "active", "expired"))
