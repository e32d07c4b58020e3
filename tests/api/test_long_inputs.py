"""Inputs made to be slow: each once took seconds to minutes, and now next to nothing.

The bounds are for liveness only, tens of times what is needed.
"""

import zlib
from time import perf_counter

import pytest

from flameup.api.body import inflate
from flameup.api.errors import InvalidField, InvalidJSON
from flameup.api.payload import PayloadCleaner
from flameup.api.text import clean_name
from flameup.api.times import parse_query_time

SECONDS = 3
SPACES = "a" + " " * 1_000_000 + "a"
TIMES = "00:00 " * 100_000 + "x"


def gzip_of_nothing():
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.flush()


SLOW = {
    "a name full of spaces": (lambda: clean_name(SPACES, "event"), InvalidField),
    "a time full of times": (lambda: parse_query_time(TIMES), ValueError),
    "gzip members without end": (lambda: inflate(gzip_of_nothing() * 200_000, 10**7), InvalidJSON),
    "a long key over a long list": (
        lambda: PayloadCleaner().clean({"k" * 800_000: [*[0] * 400_000, "\x00"]}, "traits", 2),
        None,
    ),
}


@pytest.mark.parametrize("name", SLOW)
def test_a_long_input_is_done_with_at_once(name):
    read, error = SLOW[name]
    started = perf_counter()
    if error is None:
        read()
    else:
        with pytest.raises(error):
            read()
    assert perf_counter() - started < SECONDS


def test_the_name_of_a_field_stays_short():
    cleaner = PayloadCleaner()
    cleaner.clean({"k" * 5000: {"x": "\x00"}}, "traits", 2)
    assert [len(warning.field) for warning in cleaner.warnings] == [200]
