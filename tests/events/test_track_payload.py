import pytest


@pytest.mark.parametrize("name", ["parameters", "properties", "context"])
@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"a": "x\x00y"}, {"a": "x\ufffdy"}),
        ({"a\x00": 1}, {"a\ufffd": 1}),
        ({"a": "\ud83d"}, {"a": "\ufffd"}),
        ({"\udc00a": 1}, {"\ufffda": 1}),
        ({"a": ["\x00", {"b\ud800": "\x00\x00"}]}, {"a": ["\ufffd", {"b\ufffd": "\ufffd\ufffd"}]}),
    ],
)
def test_unstorable_character_is_replaced_with_a_warning(track, stored, name, sent, kept):
    answer = track(**{name: sent})
    assert answer.status_code == 200
    assert getattr(stored(), "context" if name == "context" else "parameters").value == kept
    for warning in answer.json()["warnings"]:
        assert set(warning) == {"field", "code", "message"}
        assert warning["field"].startswith(name)


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"a": None},
        {"": ""},
        {"a": "\x01\x1f\x7f\u2028\ufeff\uffff"},
        {"a": "😀 é </script> \\N \\. \t\n"},
        {"a": [[], {}, [1, "x", None, True, 1.5]]},
        {"\\": "\\", '"': '"', "%s": "%s", "a.b": {"a.b": 1}},
        {"x" * 1000: "y" * 10_000},
    ],
)
def test_payload_is_read_back_as_sent(track, api_client, base_url, value):
    answer = track(parameters=value, context=value)
    assert "warnings" not in answer.json()
    [event] = api_client.get(f"{base_url}/events").json()["events"]
    assert event["parameters"] == event["properties"] == event["context"] == value


def test_warnings_of_a_payload_are_not_many(track):
    answer = track(parameters={f"k{i}": "\x00" for i in range(500)})
    assert 1 <= len(answer.json()["warnings"]) <= 20
