import pytest

from tests.api.calls import bad_fields, patch
from tests.factories import PersonFactory


@pytest.fixture
def search(api_client, base_url):
    """Searches, without escaping the query, and returns the external ids that were found."""

    def call(query):
        answer = api_client.get(f"{base_url}/people/search?{query}")
        assert answer.status_code == 200, answer.content
        people = answer.json()["people"]
        assert answer.json()["total"] == len(people)
        return {person["external_id"] for person in people}

    return call


@pytest.fixture
def cast(workspace, jane):
    PersonFactory(
        workspace=workspace,
        external_id="ann+lee@x.io",
        traits={"name": "Ann-Lee O'Brien", "company": "Größe \\ Söhne"},
    )
    PersonFactory(workspace=workspace, external_id="joe", traits={"email": "JANE@example.com"})


def test_found_person_is_the_one_got_alone(api_client, base_url, jane):
    found = api_client.get(f"{base_url}/people/search", {"external_id": "jane"}).json()
    assert found["people"] == [api_client.get(f"{base_url}/people/jane").json()]
    assert found["total"] == 1


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("external_id=jane", {"jane"}),
        ("external_id=ann%2Blee@x.io", {"ann+lee@x.io"}),
        ("external_id=ann+lee@x.io", {"ann+lee@x.io"}),
        ("external_id=ANN%2BLEE@x.io", {"ann+lee@x.io"}),
        ("external_id=JANE", set()),
        ("external_id=jane@example.com", {"jane"}),
        ("external_id=nobody", set()),
        ("external_id=" + "x" * 300, set()),
    ],
)
def test_search_by_external_id_finds_whom_an_event_would(search, cast, query, found):
    assert search(query) == found


def test_search_by_person_id_finds_the_person(search, jane):
    assert search(f"external_id={jane.id}") == {"jane"}


def test_plus_is_tried_only_on_a_miss(search, workspace):
    PersonFactory(workspace=workspace, external_id="a b")
    PersonFactory(workspace=workspace, external_id="a+b")
    assert search("external_id=a+b") == {"a b"}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("email=jane@example.com", {"jane", "joe"}),
        ("email=Jane@Example.COM", {"jane", "joe"}),
        ("email=ann%2Blee@x.io", {"ann+lee@x.io"}),
        ("email=ann+lee@x.io", {"ann+lee@x.io"}),
        ("email=jane", set()),
        ("email=nobody@x.io", set()),
    ],
)
def test_search_by_email_finds_all_who_have_it(search, cast, query, found):
    assert search(query) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("jane", {"jane", "joe"}),
        ("JAN", {"jane", "joe"}),
        ("ane", set()),
        ("exam", {"jane", "joe"}),
        ("jane@exa", {"jane", "joe"}),
        ("lee", {"ann+lee@x.io"}),
        ("ann-l", {"ann+lee@x.io"}),
        ("ann bri", {"ann+lee@x.io"}),
        ("ann jane", set()),
        ("o'br", {"ann+lee@x.io"}),
        ("grö", {"ann+lee@x.io"}),
        ("jo", {"joe"}),
    ],
)
def test_words_match_the_beginnings_of_words(search, cast, text, found):
    assert search(f"q={text}") == found


def test_search_by_words_finds_the_beginning_of_an_id(search, jane):
    assert search(f"q={str(jane.id)[:13]}") == {"jane"}


@pytest.mark.parametrize(
    "text",
    ["'", "''", "!", "%26", "|", ":*", "<->", "a:b", "(", "%25s", "' OR 1=1--", "\\'", "\u200b"],
)
def test_words_are_no_query_language(search, cast, text):
    assert search(f"q={text}") == set()


def test_backslash_is_found_as_itself(search, cast):
    assert search("q=\\") == {"ann+lee@x.io"}


def test_changed_name_is_found_and_the_old_one_is_not(search, api_client, base_url, jane):
    for name in ("Xenia", "Theodora"):
        patch(api_client, f"{base_url}/people/jane", {"traits": {"name": name}})
    assert search("q=theo") == {"jane"}
    assert search("q=xen") == set()


@pytest.mark.parametrize("query", ["", "q=a&email=b", "external_id=a&q=b"])
def test_search_takes_exactly_one_question(api_client, base_url, query):
    assert api_client.get(f"{base_url}/people/search?{query}").status_code == 400


@pytest.mark.parametrize("name", ["external_id", "email", "q"])
@pytest.mark.parametrize("value", ["", "+", "%00", "a%00b"])
def test_bad_question_is_refused_naming_the_parameter(api_client, base_url, name, value):
    answer = api_client.get(f"{base_url}/people/search?{name}={value}")
    assert bad_fields(answer) == [name]


def test_unknown_parameter_is_refused_naming_the_known(api_client, base_url):
    answer = api_client.get(f"{base_url}/people/search?userId=jane")
    assert answer.status_code == 400
    assert all(name in answer.json()["message"] for name in ("email", "external_id", "q"))


def test_found_people_come_in_pages(api_client, base_url, workspace):
    for i in range(3):
        PersonFactory(workspace=workspace, external_id=f"user_{i}")
    answer = api_client.get(f"{base_url}/people/search?q=user&limit=2").json()
    assert (len(answer["people"]), answer["total"]) == (2, 3)
