"""Pages of lists that may be of any length."""

from typing import Any

from django.core.paginator import Paginator
from django.utils.functional import cached_property

MAX_ROWS = 10_000


class BoundedPaginator(Paginator):
    """Pages through the first 10,000 rows, and looks no further to count them."""

    template_name = "admin/bounded_pages.html"

    @cached_property
    def count(self) -> int:
        return min(self._found, MAX_ROWS)

    @property
    def is_cut_off(self) -> bool:
        """Say whether there are more rows than are counted."""
        return self._found > MAX_ROWS

    @property
    def count_shown(self) -> str:
        return f"{self.count:,}+" if self.is_cut_off else f"{self.count:,}"

    @cached_property
    def _found(self) -> int:
        rows: Any = self.object_list
        found: int = rows.order_by()[: MAX_ROWS + 1].count()
        return found
