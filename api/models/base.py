"""What all models share: they are read-only, and their docstrings are the documentation."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from domain.party import Role
from domain.policy import MAX_TEXT

Instant = Annotated[AwareDatetime, Field(examples=["2026-11-24T10:00:00Z"])]
T = TypeVar("T")

NO_NUL = r"^[^\x00]*$"
"""A pattern for text: PostgreSQL keeps every character but one."""

Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT, pattern=NO_NUL),
]
"""Text that says something."""


class Wanted(BaseModel):
    """Something that a caller sends. No number passes for text, nor text for a truth value."""

    model_config = ConfigDict(strict=True, frozen=True, use_attribute_docstrings=True)


class Answer(BaseModel):
    """Something that the API answers."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Page(Answer, Generic[T]):
    """Some of a list."""

    items: list[T]
    next: str | None
    """Asks for what follows, as `after`; null at the end."""


# A page of something takes its texts from here. Looked for in the source once more, for each kind
# of page, through all the modules that are loaded, they would take a fifth of an API's start.
Page.model_config["use_attribute_docstrings"] = False


class PartyModel(Answer):
    """One person, member of staff, or service; or the clock, where a deadline passed."""

    role: Role
    id: str


class Accepted(Answer):
    """Taken, and not carried out yet: no worker has answered. It will be, exactly once.

    Ask again with the same `Idempotency-Key`, or read the booking, to learn what came of it.
    """

    code: str = Field(examples=["accepted"])
    detail: str
    id: str
    """The booking, or the provider of the standing, that it is for."""
    command_id: str | None = None
    """What the command is known by; sent again with it, it is carried out once."""
