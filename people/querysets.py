"""People, chained in the words of the pages and the API."""

from typing import Any, Self

from django.contrib.postgres.search import SearchVectorField
from django.db.models import BooleanField, Func, Value
from django.db.models.functions import Lower

from people.words import query_words, tsquery
from workspaces.querysets import TenantQuerySet


class PersonQuerySet(TenantQuerySet):
    """People of a workspace."""

    def with_email(self, email: str) -> Self:
        """Keep the people with this e-mail address, in any spelling of its case."""
        return self.alias(email_key=Lower("email")).filter(email_key=Lower(Value(email)))

    def matching(self, text: str) -> Self:
        """Keep those in whose name, e-mail or ids every word of `text` begins a word."""
        words = query_words(text)
        return self.filter(_Matches("search", Value(tsquery(words)))) if words else self.none()


class WordVector(Func):
    """The full-text vector of a list of words, taken as they are."""

    function = "array_to_tsvector"
    template = "%(function)s(%(expressions)s::text[])"

    def __init__(self, *expressions: Any) -> None:
        super().__init__(*expressions, output_field=SearchVectorField())


class _Matches(Func):
    """A tsvector against a full-text query; Django's own lookup would stem the words."""

    template = "(%(expressions)s::tsquery)"
    arg_joiner = " @@ "

    def __init__(self, *expressions: Any) -> None:
        super().__init__(*expressions, output_field=BooleanField())
