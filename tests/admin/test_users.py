from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from tests.factories import UserFactory
from workspaces.models import User
from workspaces.services import LastOperator, update_user

ADD = "/admin/workspaces/user/add/"
PASSWORD = "a rather long one 4711"


def page_of(user: User, page: str) -> str:
    return f"/admin/workspaces/user/{user.pk}/{page}/"


def new_user(**fields: Any) -> dict[str, Any]:
    return {"email": "new@example.com", "password": PASSWORD, "again": PASSWORD, **fields}


@pytest.mark.parametrize("is_operator", [True, False])
def test_a_new_user_can_sign_in(admin: Client, is_operator: bool) -> None:
    admin.post(ADD, new_user(**({"is_operator": "on"} if is_operator else {})))
    user = User.objects.get(email="new@example.com")
    assert user.check_password(PASSWORD)
    assert (user.is_staff, user.is_superuser) == (is_operator, is_operator)
    assert PASSWORD not in str(LogEntry.objects.values())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "OP@example.com"),
        ("email", "nobody"),
        ("email", "a\0@example.com"),
        ("password", "12345678"),
        ("password", "new@example.com"),
        ("again", "another"),
    ],
)
def test_a_wrong_field_makes_no_user(admin: Client, field: str, value: str) -> None:
    answer = admin.post(ADD, new_user(**{field: value}))
    assert answer.context["page"].form.errors
    assert User.objects.count() == 1


def test_setting_a_password_ends_the_users_sessions(admin: Client) -> None:
    user = UserFactory(operator=True)
    theirs = Client()
    theirs.force_login(user)
    admin.post(page_of(user, "password"), {"password": PASSWORD, "again": PASSWORD})
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert theirs.get("/admin/").status_code == 302


def test_setting_ones_own_password_keeps_one_signed_in(admin: Client, operator: User) -> None:
    admin.post(page_of(operator, "password"), {"password": PASSWORD, "again": PASSWORD})
    assert admin.get("/admin/").status_code == 200


def test_changing_a_user(admin: Client) -> None:
    user = UserFactory()
    admin.post(page_of(user, "edit"), {"name": "Ann", "is_staff": "on"})
    user.refresh_from_db()
    assert (user.name, user.is_staff, user.is_superuser, user.is_active) == (
        *("Ann", True, True),
        False,
    )
    assert LogEntry.objects.get().object_id == str(user.pk)


def test_the_last_operator_stays(admin: Client, operator: User) -> None:
    answer = admin.post(page_of(operator, "edit"), {"is_active": "on"})
    assert "at least one operator" in answer.content.decode()
    operator.refresh_from_db()
    assert operator.is_staff


def test_an_operator_who_may_not_sign_in_does_not_count(operator: User) -> None:
    UserFactory(operator=True).__class__.objects.exclude(pk=operator.pk).update(is_active=False)
    with pytest.raises(LastOperator):
        update_user(user=operator, is_active=False)


@pytest.mark.parametrize("number", ["0", "x", "%00", "9" * 30])
def test_users_who_do_not_exist(admin: Client, number: str) -> None:
    for page in ("change", "edit", "password"):
        assert admin.get(f"/admin/workspaces/user/{number}/{page}/").status_code in (302, 404)
