"""What all lists and pages of the admin have in common."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from workspaces.admin.paging import BoundedPaginator


class OperatorChangeList(ChangeList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        # Else the heading says what the bottom of the list says better.
        self.full_result_count = self.result_count


class OperatorAdmin(ModelAdmin):
    """Shows rows to the operators of the instance.

    Nothing is saved by Django's own forms: each change has a page of its own,
    a FormPage, that calls the service.
    """

    actions = None
    list_max_show_all = 0
    list_per_page = 50
    paginator = BoundedPaginator
    show_facets = admin.ShowFacets.NEVER
    show_full_result_count = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(self.admin_site.has_permission(request))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.admin_site.has_permission(request))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        # Any other would reach the database, where a broken regular expression is an error.
        return lookup in {f"{name}__exact" for name in self.list_filter}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return OperatorChangeList

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        refuse_nul(request)
        answer: HttpResponse = super().changelist_view(request, extra_context)
        return answer

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        refuse_nul(request)
        found: tuple[QuerySet[Any], bool]
        found = super().get_search_results(request, queryset, search_term)
        return found

    def address(self, page: str, *args: Any) -> str:
        """Return the path of one of this model's pages: `changelist`, `change`, an action."""
        names = self.opts.app_label, self.opts.model_name
        return reverse("admin:{}_{}_{}".format(*names, page), args=args)

    def show_page(self, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        """Show a page that is no list and no row."""
        site = self.admin_site.each_context(request)
        request.current_app = self.admin_site.name
        return TemplateResponse(request, template, {**site, "opts": self.opts, **context})


@dataclass(frozen=True)
class FormPage:
    """A form on a page of its own; `run` calls the service and returns the answer."""

    title: str
    button: str
    form: forms.Form
    run: Callable[[], HttpResponseBase]
    back: str
    intro: str = ""
    is_dangerous: bool = False

    def answer(self, request: HttpRequest, model_admin: OperatorAdmin) -> HttpResponseBase:
        """Show the form, or run it; what the service refuses with a ValueError is shown too."""
        if request.method == "POST" and self.form.is_valid():
            try:
                return self.run()
            except ValueError as error:
                self.form.add_error(None, str(error))
        return model_admin.show_page(request, "admin/form_page.html", title=self.title, page=self)


def posted(request: HttpRequest) -> QueryDict | None:
    """Return what a form was sent with; None, which leaves it unbound, if it was not sent."""
    return request.POST if request.method == "POST" else None


def refuse_nul(request: HttpRequest) -> None:
    """Refuse a query with a NUL, which PostgreSQL cannot look for."""
    if any("\0" in value for values in request.GET.lists() for value in values[1]):
        raise BadRequest("The address holds a NUL.")
