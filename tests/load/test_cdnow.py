import pytest

from events.models import Event
from tests.factories import APIKeyFactory, EventFactory
from tests.load.cdnow import main

# Two alike in every column, two in another month, and amounts that no double holds exactly.
LINES = [
    *(f" {day:05} 202101{day:02}  {day}   {day}.1{day % 10}" for day in range(1, 17)),
    " 00003 20210103  3    3.13",
    " 00003 20220201  5   57.45",
    " 00016 20211231 12  199.99",
    " 00017 20210101  1    0.00",
]


@pytest.fixture
def run(live_server, workspace, tmp_path):
    """Runs the script on a small file."""
    file = tmp_path / "master.txt"
    file.write_text("\n".join(LINES) + "\n")
    token = APIKeyFactory(workspace=workspace).token
    options = ["--url", live_server.url, "--key", token, "--batch", "7", "--connections", "2"]
    return lambda: main([str(file), *options])


def test_the_file_is_read_back_as_it_was_sent(run, workspace, capsys):
    assert run() == 0

    printed = capsys.readouterr().out
    assert "20 purchases, 157 CDs" in printed
    assert "17 of 17 agree" in printed
    assert Event.objects.in_workspace(workspace.id).count() == 20


def test_a_second_run_changes_nothing(run, workspace, capsys):
    assert (run(), run()) == (0, 0)

    assert "0 new, 20 already there" in capsys.readouterr().out
    assert Event.objects.in_workspace(workspace.id).count() == 20


def test_a_purchase_too_many_is_a_mismatch(run, workspace, capsys):
    EventFactory(
        workspace=workspace,
        external_id="00003",
        parameters={"quantity": 1, "amount": 1.5},
    )

    assert run() == 1
    assert "16 of 17 agree" in capsys.readouterr().out
