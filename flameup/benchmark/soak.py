"""Whether a web worker's memory stays level, however many events and people pass through it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from django.core.management import CommandError

from flameup.benchmark import wrk
from flameup.benchmark.usage import Memory, largest_below, memory_of

SAMPLE_EVERY = 250_000
_LEVEL = 1.05
# A third of these are two.
_FEWEST = 6


@dataclass(frozen=True)
class Sample:
    """A worker's memory once so many events were in."""

    events: int
    memory: Memory


@dataclass
class Soak:
    """The samples of a run, in their order, and what went wrong in it."""

    samples: list[Sample] = field(default_factory=list)
    errors: Mapping[str, int] = field(default_factory=dict)

    @property
    def peak(self) -> Sample:
        return max(self.samples, key=lambda sample: sample.memory.resident)

    def is_level(self) -> bool | None:
        """Say whether the last third of the samples rises by less than 5 %; None for too few."""
        return is_level([sample.memory.resident for sample in self.samples])

    def shown(self) -> list[Sample]:
        """Return the first, each tenth and the last."""
        chosen = [*self.samples[:1], *self.samples[9::10], *self.samples[-1:]]
        return list(dict.fromkeys(chosen))


def is_level(sizes: Sequence[int]) -> bool | None:
    """Say whether the last third rises by less than 5 % from its first to its largest.

    None means that there are too few to tell.
    """
    if len(sizes) < _FEWEST:
        return None
    last_third = sizes[-(len(sizes) // 3) :]
    return max(last_third) < last_third[0] * _LEVEL


def soak(
    load: wrk.Load, events: int, server: int, say: Callable[[str], None]
) -> tuple[Soak, wrk.Answers]:
    """Send batches until so many events are in, looking at the server's largest worker."""
    result = Soak()

    def look(accepted: int) -> bool:
        worker = largest_below(server)
        if worker is not None and (memory := memory_of(worker)) is not None:
            result.samples.append(Sample(accepted, memory))
            say(f"soak: {accepted:,} events, {memory.resident / 2**20:.1f} MiB")
        return accepted < events

    answers = wrk.run_until(load, look, every=min(SAMPLE_EVERY, events))
    if not result.samples:
        raise CommandError("The soak cannot see the memory of a web worker on this system.")
    result.errors = answers.errors
    return result, answers
