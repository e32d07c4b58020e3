"""Trying faults, one after the other, and telling what came of them."""

import os
import secrets
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory

from flameup.benchmark.faults import answers, broker, crowds, database, killing, space, statements
from flameup.benchmark.faults.errors import Unavailable
from flameup.benchmark.faults.installations import SETTINGS
from flameup.benchmark.faults.ledger import open_ledger
from flameup.benchmark.faults.system import System
from flameup.benchmark.faults.trial import Fault, Result, Trial
from flameup.benchmark.faults.verdict import judge

_MODULES = (killing, database, answers, statements, broker, crowds, space)
FAULTS: dict[str, Fault] = {fault.name: fault for module in _MODULES for fault in module.FAULTS}

ROUNDS = 10

Say = Callable[[str], None]


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options to the command line."""
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"of each fault ({ROUNDS})")
    parser.add_argument(
        "--only", action="append", choices=sorted(FAULTS), help="this fault; may be repeated"
    )


def run(only: Sequence[str] | None, rounds: int, say: Say) -> Iterator[Result]:
    """Try all faults, or only these, on installations that are removed at the end."""
    chosen = [fault for name, fault in FAULTS.items() if not only or name in only]
    # Where root checks out the project, the database's own user may not enter.
    parent = "/tmp" if os.geteuid() == 0 else None  # noqa: S108 (the name is random)
    with TemporaryDirectory(prefix="flameup-faults-", dir=parent) as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield from try_all(chosen, rounds, folder, say)


def try_fault(fault: Fault, system: System, rounds: int, slack: float = 1.0) -> Result:
    """Try one fault on a running installation, and compare what it holds with the ledger."""
    event = f"{fault.name}_{secrets.token_hex(4)}"
    began = time.monotonic()
    with open_ledger(system.folder / f"{event}.ledger") as ledger:
        trial = Trial(system, ledger, event, rounds, slack)
        try:
            fault.run(trial)
        except TimeoutError as error:
            trial.expect("it came to its end", False, error)
        verdict = judge(system, ledger.read(), event)
    seconds = time.monotonic() - began
    return Result(fault.name, fault.title, rounds, seconds, verdict, trial.findings)


def try_all(faults: Sequence[Fault], rounds: int, folder: Path, say: Say) -> Iterator[Result]:
    """Try the faults, each setting's on an installation of its own; `say` hears what cannot be."""
    by_setting = attrgetter("setting")
    for setting, group in groupby(sorted(faults, key=by_setting), by_setting):
        chosen, home = list(group), folder / setting
        home.mkdir(mode=0o711)
        try:
            with SETTINGS[setting](home) as system:
                for fault in chosen:
                    say(fault.title)
                    yield try_fault(fault, system, rounds)
        except Unavailable as error:
            say(f"left out, because {error}: {', '.join(each.title for each in chosen)}")
