"""Whether the process is alive, and whether it can serve."""

from flameup.health.registry import register_problems, register_warnings

__all__ = ["register_problems", "register_warnings"]
