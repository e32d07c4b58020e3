#!/usr/bin/env python
"""Run a Flameup command; `manage.py help` lists them."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flameup.settings")
    # Imported late: the settings must be known first.
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    from flameup.postgres import database_for_command  # noqa: PLC0415

    with database_for_command(sys.argv):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
