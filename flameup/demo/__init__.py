"""A year of a shop that never was, to look at a dashboard with something in it."""

from flameup.demo.sender import DemoError, DemoSender
from flameup.demo.story import DemoStory, tell_story

__all__ = ["DemoError", "DemoSender", "DemoStory", "tell_story"]
