"""What waits to be stored: the items of one request, and the requests in line."""

from asyncio import AbstractEventLoop
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from events.ingest.items import Item, Outcome

Result = Sequence[Outcome] | Exception

# What an item takes in memory beside its two texts: objects, strings and its place in line.
_ITEM_BYTES = 1_500


@dataclass(slots=True, eq=False)
class Job:
    """The items of one request, which are of one workspace, and who is told of them.

    `answer` is called once, with an outcome for each item or with the exception
    that kept them from being stored: in the thread of `loop`, or in any thread.
    """

    items: Sequence[Item]
    answer: Callable[[Result], None]
    loop: AbstractEventLoop | None = None
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.size = sum(
            len(item.parameters) + len(item.context) + _ITEM_BYTES for item in self.items
        )

    @property
    def workspace_id(self) -> int:
        return self.items[0].workspace_id


class Line:
    """Jobs in line, workspace by workspace in turn, so that none crowds out the others."""

    def __init__(self) -> None:
        self._workspaces: OrderedDict[int, deque[Job]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._workspaces)

    def add(self, job: Job) -> None:
        """Put a job behind those of its workspace."""
        self._workspaces.setdefault(job.workspace_id, deque()).append(job)

    def take(self, max_items: int) -> list[Job]:
        """Take the next jobs, in turn from each workspace; at least one, if there is any."""
        taken: list[Job] = []
        room = max_items
        while self._workspaces and room > 0:
            workspace_id, jobs = self._workspaces.popitem(last=False)
            job = jobs.popleft()
            if jobs:
                self._workspaces[workspace_id] = jobs
            taken.append(job)
            room -= len(job.items)
        return taken
