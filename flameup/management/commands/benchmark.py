"""Measures what this machine gets out of Flameup, in a database of its own."""

import json
import signal
import sys
from argparse import ArgumentParser
from dataclasses import fields
from types import FrameType
from typing import Any

from django.core.management import BaseCommand, CommandError

from flameup.benchmark import ingest


class Command(BaseCommand):
    help = "Measure what this machine gets out of Flameup, in a database of its own."

    def add_arguments(self, parser: ArgumentParser) -> None:
        subjects = parser.add_subparsers(dest="subject", required=True)
        for name, text in (("ingest", "how fast events get in"),):
            subject = subjects.add_parser(name, help=text)
            subject.add_argument("--json", action="store_true", help="print one JSON document")
            ingest.add_arguments(subject)

    def handle(self, **given: Any) -> None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _leave)
        options = ingest.Options(
            **{field.name: given[field.name] for field in fields(ingest.Options)}
        )
        try:
            report = ingest.run(options, self._say)
        except KeyboardInterrupt:
            raise CommandError("Interrupted.", returncode=130) from None
        self.stdout.write(json.dumps(report.as_document()) if given["json"] else report.as_text())
        if complaints := report.complaints(allow_errors=options.allow_errors):
            raise CommandError("\n".join(complaints))

    def _say(self, line: str) -> None:
        self.stderr.write(f"{line}…", style_func=str)


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)
