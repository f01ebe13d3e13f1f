"""What becomes of a value when the person that it may be about is erased."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from domain.party import Party, Role

ERASED = "[erased]"
"""What stands where somebody's words stood."""

WORDS = frozenset(
    {
        "conference_url",
        "description",
        "email",
        "errors",
        "logistics_note",
        "materials",
        "message",
        "note",
        "reason",
        "statement",
        "text",
        "url",
    }
)
"""The fields of documents that hold what somebody wrote."""

_PROVIDERS_WORDS = frozenset({"title"})
_EMPTIED = frozenset({"documents"})
_LEFT = frozenset({"policy"})
_QUOTED = frozenset({"command", *WORDS})

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Erasure:
    """Who is erased, what they are on record as from now on, and what is theirs.

    `name` is what they were called, `bookings` and `conversations` are those they are a party of.
    """

    person: Party
    pseudonym: str
    name: str | None = None
    bookings: tuple[str, ...] = ()
    conversations: tuple[str, ...] = ()
    _mentions: list[re.Pattern[str]] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        for named in (self.person.id, self.name):
            if named:
                self._mentions.append(
                    re.compile(rf"(?<![A-Za-z0-9]){re.escape(named)}(?![A-Za-z0-9])", re.IGNORECASE)
                )

    @property
    def takes_words(self) -> bool:
        """Whether what was written goes too. The words of staff are the marketplace's own."""
        return self.person.role is not Role.SUPPORT

    def is_them(self, role: object, person_id: object) -> bool:
        """Whether a role and an id are theirs."""
        return role == self.person.role.value and person_id == self.person.id

    def of(self, role: object, person_id: Any) -> Any:
        """An id, or their new name where it is theirs."""
        return self.pseudonym if self.is_them(role, person_id) else person_id

    def unmentioned(self, text: str) -> str:
        """A text of somebody else's, or of ours, without their id and their name."""
        for mention in self._mentions:
            text = mention.sub(self.pseudonym, text)
        return text

    def out_of(self, value: Any) -> Any:
        """A document without their id and without what was written."""
        match value:
            case dict():
                return {name: self._field(value, name) for name in value}
            case list():
                return [self.out_of(each) for each in value]
            case _:
                # A word such as a state is left as it is, though somebody's id may be that word.
                return value

    def _field(self, document: dict[str, Any], name: str) -> Any:
        value = document[name]
        if name in ("provider_id", "client_id"):
            return self.of(name.removesuffix("_id"), value)
        if name == "id" and "role" in document:
            return self.of(document["role"], value)
        if name in _LEFT:
            return value
        if name in _QUOTED and isinstance(value, str):
            value = self.unmentioned(value)
        if self.takes_words and name in _EMPTIED:
            return []
        if name in WORDS or (name in _PROVIDERS_WORDS and self.person.role is Role.PROVIDER):
            return self.words(value) if not isinstance(value, dict) else self.out_of(value)
        return self.out_of(value)

    def words(self, value: Any) -> Any:
        """Nothing of what was written."""
        if not self.takes_words:
            return self.out_of(value)
        if isinstance(value, list):
            return [ERASED for _ in value]
        return ERASED if value else value


class Rule(Protocol):
    """What becomes of one column."""

    def __call__(self, value: Any, row: Row, erasure: Erasure) -> Any: ...


def nothing(value: Any, row: Row, erasure: Erasure) -> Any:
    """It holds nothing personal: a state, a number, an instant, an id of a thing."""
    del row, erasure
    return value


def secret(value: Any, row: Row, erasure: Erasure) -> Any:
    """It is a key or the fingerprint of one: it goes with its row, and is shown to nobody."""
    return nothing(value, row, erasure)


def id_of(role: Role) -> Rule:
    """The id of a provider, or of a client."""

    def rule(value: Any, row: Row, erasure: Erasure) -> Any:
        del row
        return erasure.of(role.value, value)

    return rule


def id_by(column: str) -> Rule:
    """The id of a person whose role is in another column."""

    def rule(value: Any, row: Row, erasure: Erasure) -> Any:
        return erasure.of(row[column], value)

    return rule


def subject_id(value: Any, row: Row, erasure: Erasure) -> Any:
    """The id of a booking, or of the provider whose standing it is about."""
    return erasure.of("provider", value) if row["subject"] == "standing" else value


def words(value: Any, row: Row, erasure: Erasure) -> Any:
    """What somebody wrote."""
    del row
    return erasure.words(value)


def document(value: Any, row: Row, erasure: Erasure) -> Any:
    """JSON, with ids and words at any depth."""
    del row
    return erasure.out_of(value)


def message(value: str, row: Row, erasure: Erasure) -> str:
    """A message: their own is erased; out of another's, and out of a card, they are taken."""
    if row["card"] is None and erasure.is_them(row["author_role"], row["author_id"]):
        return ERASED
    return erasure.unmentioned(value)


def sentence(value: str, row: Row, erasure: Erasure) -> str:
    """The sentence of a decision. On standings, and of refusals, it quotes what was written."""
    if erasure.takes_words and (row["subject"] == "standing" or row["outcome"] == "refused"):
        return ERASED
    return erasure.unmentioned(value)


def mention(value: str | None, row: Row, erasure: Erasure) -> str | None:
    """A text in which an id may occur."""
    del row
    return erasure.unmentioned(value) if value else value


def source(value: str | None, row: Row, erasure: Erasure) -> str | None:
    """A path, `standing/<provider>/…`."""
    del row
    if value is None or erasure.person.role is not Role.PROVIDER:
        return value
    return "/".join(
        erasure.pseudonym if part == erasure.person.id else part for part in value.split("/")
    )


def becomes(new: Any) -> Rule:
    """Another value, whatever it was."""

    def rule(value: Any, row: Row, erasure: Erasure) -> Any:
        del value, row, erasure
        return new

    return rule
