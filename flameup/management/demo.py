"""The demo beside a running server: once, and from where an earlier start left it."""

import sys
from datetime import UTC, datetime
from threading import Event

from django.core.management.base import OutputWrapper

from flameup.demo import DemoError, DemoSender, tell_story
from flameup.management.installation import Installation

_BAR_WIDTH = 30


class DemoRun:
    """Sends the demo from a thread of its own; set `stopping` to end it early."""

    def __init__(
        self,
        installation: Installation,
        host: str,
        port: int,
        stdout: OutputWrapper,
        stderr: OutputWrapper,
    ) -> None:
        self.stopping = Event()
        self._installation = installation
        self._stdout = stdout
        self._stderr = stderr
        access = installation.demo
        self._sender = DemoSender(
            host=host,
            port=port,
            api_key=access.api_key,
            workspace_id=access.workspace_id,
            stopping=self.stopping,
        )

    def run(self) -> None:
        """Send what is not sent yet, and say so when it is done."""
        installation = self._installation
        if not installation.demo_ends_at:
            # Kept, so that a start after an interruption tells the same story.
            installation.demo_ends_at = datetime.now(UTC).isoformat()
            installation.save()
        story = tell_story(datetime.fromisoformat(installation.demo_ends_at))
        total = len(story.events)
        if not self._stderr.isatty():
            self._stderr.write(f"Sending the demo: {total:,} events")
        try:
            is_done = self._sender.send(
                story, installation.demo_sent, lambda sent: self._note_progress(sent, total)
            )
        except DemoError as error:
            self._stderr.write(f"The demo could not be sent: {error}")
            return
        if is_done:
            installation.is_demo_done = True
            installation.save()
            self._stdout.write(
                f"Demo       {total:,} events of {len(story.people)} people in workspace "
                f"{installation.demo.workspace_id}"
            )
            self._stdout.flush()

    def _note_progress(self, sent: int, total: int) -> None:
        self._installation.demo_sent = sent
        self._installation.save()
        if self._stderr.isatty():
            filled = _BAR_WIDTH * sent // total
            bar = "█" * filled + "░" * (_BAR_WIDTH - filled)
            end = "\n" if sent == total else ""
            sys.stderr.write(f"\rDemo       {bar} {100 * sent // total:3} %{end}")
            sys.stderr.flush()
