"""What `/readyz` asks; apps register their own questions when they are ready."""

from collections.abc import Callable, Iterable

Source = Callable[[], Iterable[str]]

_problem_sources: dict[str, Source] = {}
_warning_sources: dict[str, Source] = {}


def register_problems(name: str, source: Source) -> None:
    """Have the process be unready for as long as `source()` returns anything.

    It is asked at every probe, as often as every second, while the database is
    reachable and migrated: let it take one quick query at most.
    """
    _problem_sources[name] = source


def register_warnings(name: str, source: Source) -> None:
    """Have `/readyz` tell the warnings that `source()` returns, which make the process degraded.

    It is asked as those of `register_problems` are.
    """
    _warning_sources[name] = source


def problems() -> list[str]:
    """Return the problems of all sources."""
    return _ask(_problem_sources)


def warnings() -> list[str]:
    """Return the warnings of all sources."""
    return _ask(_warning_sources)


def _ask(sources: dict[str, Source]) -> list[str]:
    return [finding for source in sources.values() for finding in source()]
