"""The folder in which an installation keeps its own state: secrets, database, broker, logs."""

import os
import secrets
from pathlib import Path


def default_data_folder(project: Path) -> Path:
    """Return `var/` in the project or, for root, `/var/lib/flameup`.

    PostgreSQL refuses to run as root and is started as a system user, who can
    seldom enter the folder that root checked the project out to.
    """
    return Path("/var/lib/flameup") if os.geteuid() == 0 else project / "var"


def make_data_folder(folder: Path) -> Path:
    """Create the folder if it is missing; a folder that exists keeps its permissions."""
    if not folder.is_dir():
        # Others may pass through, because the database may run as another user, but not list it.
        # Another process may make it at this moment, and means the same by it.
        folder.mkdir(parents=True, mode=0o711, exist_ok=True)
        folder.chmod(0o711)
    return folder


def secret_from_file(file: Path, length: int = 50) -> str:
    """Return the secret kept in `file` (mode 0600), making it at the first call.

    Several processes may start at once: whoever links the finished file first
    decides, the others read it.
    """
    if not file.exists():
        draft = file.with_name(f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
        write_private(draft, secrets.token_urlsafe(length))
        try:
            os.link(draft, file)
        except FileExistsError:
            return file.read_text().strip()
        finally:
            draft.unlink()
    return file.read_text().strip()


def write_private(file: Path, text: str) -> None:
    """Replace `file` by `text` in one step, readable by its owner only."""
    draft = file.with_name(f"{file.name}.{os.getpid()}.draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    draft.replace(file)
