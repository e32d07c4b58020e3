"""Form fields in the look of the admin."""

from datetime import datetime
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminEmailInputWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from flameup.api.errors import InvalidField
from flameup.api.text import clean_name
from flameup.api.times import parse_query_time

_LARGEST_INTEGER = 2**31 - 1


class NameField(forms.CharField):
    """A name without control characters, as the API takes it."""

    widget = UnfoldAdminTextInputWidget

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            return clean_name(text, "name") if text else text
        except InvalidField as error:
            raise forms.ValidationError(error.detail_of_field.message) from None


class EmailField(forms.EmailField):
    widget = UnfoldAdminEmailInputWidget


class PasswordField(forms.CharField):
    widget = UnfoldAdminPasswordWidget({"autocomplete": "new-password"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=False, **kwargs)


class WholeNumberField(forms.IntegerField):
    """A number that fits PostgreSQL's integer."""

    widget = UnfoldAdminIntegerFieldWidget
    default_validators = [MinValueValidator(0), MaxValueValidator(_LARGEST_INTEGER)]


class CheckField(forms.BooleanField):
    widget = UnfoldBooleanWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)


class SelectField(forms.ChoiceField):
    widget = UnfoldAdminSelectWidget


class ChecksField(forms.MultipleChoiceField):
    widget = UnfoldAdminCheckboxSelectMultipleWidget


class MomentField(forms.Field):
    """A time as browsers send it from a date and time field, or as the API takes it; UTC."""

    widget = UnfoldAdminTextInputWidget({"type": "datetime-local", "step": "1"})

    def prepare_value(self, value: Any) -> Any:
        return value.strftime("%Y-%m-%dT%H:%M:%S") if isinstance(value, datetime) else value

    def to_python(self, value: Any) -> datetime | None:
        if not value:
            return None
        try:
            return parse_query_time(value)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (self.prepare_value(initial) or "") != (data or "")


class FutureField(MomentField):
    """A time that is still to come."""

    def validate(self, value: datetime | None) -> None:
        super().validate(value)
        if value is not None and value <= timezone.now():
            raise forms.ValidationError("must lie in the future.")
