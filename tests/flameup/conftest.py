import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.database import make_data_folder


@pytest.fixture
def data_folder() -> Iterator[Path]:
    folder = make_data_folder()
    yield folder
    shutil.rmtree(folder)
