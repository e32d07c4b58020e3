"""Measures what this machine gets out of Flameup, on data of its own."""

import json
import signal
import sys
from argparse import ArgumentParser
from dataclasses import fields
from types import FrameType
from typing import Any

from django.core.management import BaseCommand, CommandError

from flameup.benchmark import ingest
from flameup.benchmark.faults import run as faults


class Command(BaseCommand):
    help = "Measure what this machine gets out of Flameup, and try to break it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        subjects = parser.add_subparsers(dest="subject", required=True)
        for name, text, add_options in (
            ("ingest", "how fast events get in", ingest.add_arguments),
            ("faults", "what is lost when everything breaks", faults.add_arguments),
        ):
            subject = subjects.add_parser(name, help=text)
            subject.add_argument("--json", action="store_true", help="print one JSON document")
            add_options(subject)

    def handle(self, *, subject: str, **given: Any) -> None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _leave)
        run = {"ingest": self._measure_ingest, "faults": self._try_faults}[subject]
        try:
            run(given)
        except KeyboardInterrupt:
            raise CommandError("Interrupted.", returncode=130) from None

    def _measure_ingest(self, given: dict[str, Any]) -> None:
        options = ingest.Options(
            **{field.name: given[field.name] for field in fields(ingest.Options)}
        )
        report = ingest.run(options, self._say)
        self.stdout.write(json.dumps(report.as_document()) if given["json"] else report.as_text())
        if complaints := report.complaints(allow_errors=options.allow_errors):
            raise CommandError("\n".join(complaints))

    def _try_faults(self, given: dict[str, Any]) -> None:
        results = []
        for result in faults.run(given["only"], given["rounds"], self._say):
            results.append(result)
            if not given["json"]:
                self.stdout.write("\n".join(result.as_lines()))
                self.stdout.flush()
        if given["json"]:
            self.stdout.write(json.dumps([result.as_document() for result in results]))
        if wrong := [result.title for result in results if not result.is_right]:
            raise CommandError(f"Not as it must be: {'; '.join(wrong)}")

    def _say(self, line: str) -> None:
        self.stderr.write(f"{line}…", style_func=str)


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)
