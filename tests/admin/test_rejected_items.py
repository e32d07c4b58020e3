import json
from typing import Any

import pytest
from django.test import Client

from events.models import Event, RejectedItem
from tests.api.calls import TRACK, post
from workspaces.admin.tenants import list_address, row_address
from workspaces.models import Workspace

BAD = {"external_id": "user_123", "event": "", "password": "hunter2"}


@pytest.fixture
def item(api_client: Client, workspace: Workspace) -> RejectedItem:
    post(api_client, TRACK, BAD)
    found: RejectedItem = RejectedItem.objects.in_workspace(workspace.id).get()
    return found


def events_of(workspace: Workspace) -> Any:
    return Event.objects.in_workspace(workspace.id)


def test_items_are_listed_with_their_reasons(admin: Client, item: RejectedItem) -> None:
    page = admin.get(list_address("events.rejecteditem", item.workspace_id)).content.decode()
    assert "validation_error event" in page
    assert "not yet" in page


def test_item_is_shown_without_its_secrets(admin: Client, item: RejectedItem) -> None:
    page = admin.get(row_address(item)).content.decode()
    assert "user_123" in page
    assert "hunter2" not in page


@pytest.mark.parametrize("raw", [b"{", b"\xff\x00", b" ", b'{"password": "hunter2'])
def test_item_that_is_no_json_is_shown(
    admin: Client, api_client: Client, workspace: Workspace, raw: bytes
) -> None:
    post(api_client, TRACK, raw)
    row = RejectedItem.objects.in_workspace(workspace.id).get()
    page = admin.get(row_address(row))
    assert page.status_code == 200
    assert "hunter2" not in page.content.decode()


def test_corrected_item_is_replayed(
    admin: Client, item: RejectedItem, workspace: Workspace
) -> None:
    correction = json.dumps({**BAD, "event": "corrected"})
    page = admin.post(row_address(item, "replay"), {"correction": correction}, follow=True)
    event = events_of(workspace).get()
    assert f"evt_{event.id.hex}" in page.content.decode()
    assert event.event == "corrected"


@pytest.mark.parametrize("correction", ["", "{", '{"event": "e"}'])
def test_item_that_is_still_bad_is_explained(
    admin: Client, item: RejectedItem, workspace: Workspace, correction: str
) -> None:
    page = admin.post(row_address(item, "replay"), {"correction": correction})
    assert page.status_code == 200
    assert any(word in page.content.decode() for word in ("required", "empty", "valid JSON"))
    assert not events_of(workspace).exists()


def test_item_of_another_workspace_is_not_there(
    admin: Client, item: RejectedItem, other_workspace: Workspace
) -> None:
    item.workspace_id = other_workspace.id
    assert admin.get(row_address(item, "replay")).status_code == 404
