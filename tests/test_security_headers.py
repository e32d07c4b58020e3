import re
from contextlib import closing

import pytest
from django.test import Client
from django.urls import reverse

STRICT = {
    "default-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'self'",
    "frame-ancestors": "'none'",
    "form-action": "'self'",
}
ADMIN = {"script-src": "'self' 'unsafe-eval'", "style-src": "'self' 'unsafe-inline'"}
DOCS = {"style-src": "'self' 'unsafe-inline'", "img-src": "'self' data:"}

pytestmark = pytest.mark.django_db


def status_of(client: Client, path: str) -> int:
    """Return the status; the answer is closed, as files keep theirs open."""
    with closing(client.get(path)) as answer:
        return int(answer.status_code)


def policy_of(client: Client, path: str) -> dict[str, str]:
    with closing(client.get(path)) as answer:
        policy = answer["Content-Security-Policy"]
    return dict(directive.strip().split(" ", 1) for directive in policy.split(";"))


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/", {}),
        ("/healthz", {}),
        ("/openapi.json", {}),
        ("/api/v1/nothing", {}),
        ("/nothing", {}),
        ("/administrator/", {}),
        ("/static/flameup/plain.css", {}),
        ("/admin/login/", ADMIN),
        ("/admin/nothing/", ADMIN),
        ("/docs/", DOCS),
    ],
)
def test_the_policy_is_looser_only_where_it_must_be(
    client: Client, path: str, more: dict[str, str]
) -> None:
    assert policy_of(client, path) == {**STRICT, **more}


@pytest.mark.parametrize("path", ["/admin/login/", "/docs/", "/api/v1/nothing", "/healthz"])
def test_every_answer_has_the_other_headers(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]


@pytest.mark.parametrize("path", ["/admin/login/", "/docs/", "/nothing"])
def test_no_page_has_a_script_inside_or_from_elsewhere(client: Client, path: str) -> None:
    page = client.get(path).content.decode()
    assert not re.findall(r"<script(?![^>]*\bsrc=)", page)
    assert all(
        src.startswith("/") for src in re.findall(r'<(?:script|link)[^>]*"(http[^"]*)', page)
    )


def test_pages_of_errors_need_no_inline_style(client: Client) -> None:
    page = client.get("/nothing").content.decode()
    assert "<style" not in page
    assert "flameup/plain.css" in page


@pytest.mark.parametrize("name", ["plain.css", "admin.css", "admin.js", "icon.svg"])
def test_our_files_are_served_without_being_collected(client: Client, name: str) -> None:
    assert status_of(client, f"/static/flameup/{name}") == 200


def test_the_files_of_the_login_page_are_served(client: Client) -> None:
    page = client.get(reverse("admin:login")).content.decode()
    files = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert len(files) > 10
    assert {status_of(client, file) for file in files} == {200}
