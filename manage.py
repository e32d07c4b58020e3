#!/usr/bin/env python
"""Run a Flameup command; `manage.py help` lists them."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flameup.settings")
    # Imported late so that a missing installation is reported by Python itself.
    from django.core.management import execute_from_command_line

    from flameup.postgres import database_for_command

    with database_for_command(sys.argv):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
