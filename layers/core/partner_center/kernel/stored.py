"""Reading what a newer version of the code may have written: of a nested value, the fields that are known."""

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Shape = TypeVar("Shape", bound="DataclassInstance")


def read_as(shape: type[Shape], stored: Mapping[str, Any]) -> Shape:
    """The stored value as `shape`, whose defaults stand for what is missing; fields it does not have are left unread.

    Raises TypeError when a field without a default is missing.
    """
    known = {field.name: stored[field.name] for field in fields(shape) if field.name in stored}
    return shape(**known)
