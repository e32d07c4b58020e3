import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from events import wire

COPY = "COPY sent (value) FROM STDIN"


class GaveUp(Exception):
    pass


@pytest.fixture(autouse=True)
def table(db):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE sent (value text CHECK (value <> 'bad'))")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE sent")


def sent():
    with connection.cursor() as cursor:
        cursor.execute("SELECT value FROM sent ORDER BY value")
        return [value for (value,) in cursor.fetchall()]


def copy_in(*statements, data=(b"a\n",), check=None):
    with transaction.atomic():
        wire.copy_in(connection, ";".join(statements), data, check)


def fail(*_):
    raise GaveUp


def failing_data():
    yield b"a\n"
    raise GaveUp


def test_statements_run_in_their_order_around_the_copy():
    copy_in(
        "INSERT INTO sent VALUES ('before')",
        COPY,
        "INSERT INTO sent SELECT count(*)::text FROM sent",
        data=[b"a\n", b"b", b"\n"],
    )
    assert sent() == ["3", "a", "b", "before"]


def test_check_sees_the_results_before_the_copy():
    seen = []
    copy_in("SELECT 1", "SELECT 2, 'two' UNION SELECT 3, NULL ORDER BY 1", COPY, check=seen.extend)
    assert [result.ntuples for result in seen] == [1, 2]
    assert [seen[1].get_value(row, 1) for row in range(2)] == [b"two", None]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"check": fail}, GaveUp),
        ({"data": failing_data()}, GaveUp),
        ({"data": [b"good\n", b"bad\n"]}, DatabaseError),
        ({"data": [b"one\ttoo many\n"]}, DatabaseError),
    ],
)
def test_whatever_fails_nothing_is_stored_and_the_connection_goes_on(given, error):
    with pytest.raises(error):
        copy_in("INSERT INTO sent VALUES ('before')", COPY, "SELECT 1", **given)
    assert sent() == []
    copy_in(COPY)
    assert sent() == ["a"]


@pytest.mark.parametrize(
    "statements", [("SELECT 1 / 0", COPY), (COPY, "SELECT 1 / 0"), ("SELECT 1",), ("nonsense",)]
)
def test_statement_that_fails_is_a_database_error(statements):
    with pytest.raises(DatabaseError):
        copy_in(*statements)
    assert sent() == []


def test_more_than_the_server_takes_at_once_is_sent_whole():
    line = b"x" * 1_000_000 + b"\n"
    copy_in(COPY, data=[line] * 20)
    assert [len(value) for value in sent()] == [1_000_000] * 20


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))))
def test_array_of_any_texts_is_read_as_it_was(values):
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {wire.text_array(connection, values)}::text[]")
        assert cursor.fetchone() == (values,)
