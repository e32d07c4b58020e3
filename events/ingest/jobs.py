"""What waits to be stored: the items of one request, and the requests in line."""

from asyncio import AbstractEventLoop
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence

import msgspec

from events.ingest.items import Item, Outcome

Result = Sequence[Outcome] | Exception

# What an item takes in memory beside its two texts: objects, strings and its place in line.
_ITEM_BYTES = 1_500


class Job(msgspec.Struct, eq=False):
    """The items of one request, which are of one workspace, and who is told of them.

    `answer` is called once, with an outcome for each item or with the exception
    that kept them from being stored: in the thread of `loop`, or in any thread.
    """

    items: Sequence[Item]
    answer: Callable[[Result], None]
    loop: AbstractEventLoop | None = None
    size: int = 0

    def __post_init__(self) -> None:
        size = _ITEM_BYTES * len(self.items)
        for item in self.items:
            size += len(item.parameters) + len(item.context)
        self.size = size

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
        workspace_id = job.workspace_id
        jobs = self._workspaces.get(workspace_id)
        if jobs is None:
            jobs = self._workspaces[workspace_id] = deque()
        jobs.append(job)

    def take(self, max_items: int) -> list[Job]:
        """Take the next jobs, in turn from each workspace; at least one, if there is any."""
        taken: list[Job] = []
        room = max_items
        while self._workspaces and room > 0:
            workspace_id, jobs = self._workspaces.popitem(last=False)
            is_alone = not self._workspaces
            while jobs and room > 0:
                job = jobs.popleft()
                taken.append(job)
                room -= len(job.items)
                if not is_alone:
                    break
            if jobs:
                self._workspaces[workspace_id] = jobs
        return taken
