"""The ledger and the verdict of the faults: what would be wrong is seen to be."""

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from flameup.benchmark.faults.ledger import Outcome, Tally, open_ledger
from flameup.benchmark.faults.verdict import compare

TALLY = Tally(
    sent={"ok", "repeated", "refused", "silence"},
    ok={"ok", "repeated"},
    failed={"refused"},
    unknown={"repeated", "silence"},
)


def test_lines_of_many_threads_are_synced_and_whole(tmp_path, monkeypatch):
    synced, fsync = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(fsync(descriptor)))

    def note(i):
        ledger.note(Outcome.SENT, [f"{i}", f"{i}b"])
        return {f"{i}", f"{i}b"} <= ledger.read().sent

    with open_ledger(tmp_path / "ledger") as ledger:
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(note, range(200)))
        assert len(ledger.read().sent) == 400
    assert 0 < len(synced) <= 200


def test_each_outcome_has_its_ids(tmp_path):
    with open_ledger(tmp_path / "ledger") as ledger:
        for outcome in Outcome:
            for name in sorted(TALLY.of(outcome)):
                ledger.note(outcome, [name])
        assert ledger.read() == TALLY


@pytest.mark.parametrize(
    "stored", [["ok", "repeated"], ["ok", "repeated", "silence"]], ids=["not stored", "stored"]
)
def test_what_nobody_was_told_of_may_be_there_or_not(stored):
    found = Counter(stored)
    verdict = compare(TALLY, found, listed=found, total=len(stored))
    assert verdict.is_right
    assert (verdict.sent, verdict.ok, verdict.failed, verdict.unknown) == (4, 2, 1, 1)
    assert verdict.as_text() == "0/0/0 0/0"


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        (["ok"], "1/0/0 0/0"),
        (["ok", "ok", "repeated"], "0/1/0 0/0"),
        (["ok", "repeated", "silence", "silence"], "0/1/0 0/0"),
        (["ok", "repeated", "refused"], "0/0/1 0/0"),
        (["ok", "repeated", "never sent"], "0/0/1 0/0"),
    ],
)
def test_what_is_lost_doubled_or_a_ghost_is_counted(stored, text):
    found = Counter(stored)
    verdict = compare(TALLY, found, listed=found, total=len(stored))
    assert (verdict.is_right, verdict.as_text()) == (False, text)


@pytest.mark.parametrize(
    ("listed", "total"), [(["ok"], 2), (["ok", "repeated"], 3), (["ok", "repeated"] * 2, 2)]
)
def test_list_that_differs_from_the_table_is_wrong(listed, total):
    verdict = compare(TALLY, Counter(["ok", "repeated"]), listed=Counter(listed), total=total)
    assert not verdict.is_right
    assert "DISAGREE" in verdict.as_text()


@pytest.mark.parametrize("wrong", [{"untold": 1}, {"told_twice": 1}])
def test_consumer_that_is_not_told_once_is_wrong(wrong):
    found = Counter(["ok", "repeated"])
    assert not compare(TALLY, found, listed=found, total=2, **wrong).is_right
