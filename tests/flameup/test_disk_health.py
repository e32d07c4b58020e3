import subprocess
import sys

import pytest

from flameup.health.disk import Disk
from tests.flameup.running import PROJECT

MIB = 1024 * 1024
GIB = 1024 * MIB

# In a namespace of its own: a small disk as the data folder, on which so much is left.
SMALL_DISK = """
mount -t tmpfs -o size=32m,mode=711 tmpfs "$1" && shift
head -c "$1" /dev/zero > "$FLAMEUP_DATA_DIR/filler"
exec "$2" -c "$3"
"""
ASK = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "flameup.settings"
django.setup()
from flameup.health import disk
print(len(disk.problems()), len(disk.warnings()))
"""


@pytest.mark.parametrize(
    ("size", "free", "is_full", "is_low"),
    [
        (10 * GIB, 11 * GIB // 10, False, False),
        (10 * GIB, 9 * GIB // 10, False, True),
        (10 * GIB, 101 * MIB * 1024 // 1000, False, True),
        (10 * GIB, 100 * MIB, True, True),
        (4000 * GIB, 3 * GIB, False, False),
        (4000 * GIB, GIB, False, True),
        (4000 * GIB, 199 * MIB, True, True),
    ],
)
def test_a_part_of_a_small_disk_and_so_much_of_a_large_one(size, free, is_full, is_low):
    disk = Disk(size, free)
    assert (disk.is_full, disk.is_low) == (is_full, is_low)


def can_mount(folder):
    command = ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", str(folder)]
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("used", "url", "found"),
    [
        (0, "", "0 0"),
        (30 * MIB, "", "0 1"),
        (32 * MIB - 64 * 1024, "", "1 1"),
        # The database is on another disk.
        (32 * MIB - 64 * 1024, "postgresql:///elsewhere", "0 1"),
    ],
)
def test_the_disk_of_the_data_folder_is_looked_at(tmp_path, monkeypatch, used, url, found):
    if not can_mount(tmp_path):
        pytest.skip("no disk can be mounted here")
    monkeypatch.setenv("FLAMEUP_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("FLAMEUP_SECRET_KEY", "x" * 50)
    monkeypatch.setenv("DATABASE_URL", url)
    command = ["unshare", "-rm", "sh", "-c", SMALL_DISK, "sh", str(tmp_path), str(used)]
    done = subprocess.run(
        [*command, sys.executable, ASK], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == found
