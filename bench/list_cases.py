"""The lists that are measured, each from its beginning and from a place far behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from api.paging import cursor
from bench.filling import Filled
from domain.party import Role


@dataclass(frozen=True, kw_only=True)
class Case:
    """A list, and who reads it. `deep` is a place far behind its beginning, if it has any.

    A page of the portal is asked for with a session, not a token.
    """

    name: str
    role: str
    path: str
    query: dict[str, str]
    deep: str | None = None

    def address(self, after: str | None = None) -> str:
        """What is asked for, from a place on."""
        query = self.query | ({"after": cursor(after)} if after else {})
        return f"{self.path}?{urlencode(query)}" if query else self.path


def cases(filled: Filled) -> list[Case]:
    """All of them."""
    return [
        *_bookings(filled),
        *_of_some(filled),
        *_searches(filled),
        *_topics_and_providers(filled),
        *_chats(filled),
        *_told(filled),
        Case(name="queues", role="support", path="/queues", query={}),
    ]


def _bookings(filled: Filled) -> Iterator[Case]:
    everything, busy = filled.booking_ids, filled.busy_ids
    for what, path in (("API", "/v1/bookings"), ("portal", "/bookings")):
        for role, ids in (("provider", busy), ("support", everything), ("client", everything)):
            for name, place in (("half way", ids[len(ids) // 2]), ("far end", ids[100])):
                yield Case(name=f"{what}, {name}", role=role, path=path, query={}, deep=place)
            for state in ("pending", "confirmed", "completed"):
                query = {"state": state}
                yield Case(
                    name=f"{what}, {state}", role=role, path=path, query=query, deep=ids[100]
                )


def _of_some(filled: Filled) -> Iterator[Case]:
    """Of one provider, of one client, and of the two with each other."""
    provider, client = {"provider_id": filled.provider_id}, {"client_id": filled.client_id}
    for role, name, query in (
        ("support", "of a provider", provider),
        ("support", "of a client", client),
        ("support", "of two", provider | client),
        ("support", "confirmed, of a provider", provider | {"state": "confirmed"}),
        ("support", "completed, of a client", client | {"state": "completed"}),
        ("support", "expired, of two", provider | client | {"state": "expired"}),
        ("provider", "of a client", client),
        ("client", "of a provider", provider),
    ):
        deep = filled.busy_ids[100]
        yield Case(name=f"API, {name}", role=role, path="/v1/bookings", query=query, deep=deep)


def _searches(filled: Filled) -> Iterator[Case]:
    everything, busy = filled.booking_ids, filled.busy_ids
    for role, q, state in (
        ("provider", "Number 77", ""),
        ("provider", "number", ""),
        ("provider", "endgames", ""),
        ("provider", "endgames", "pending"),
        ("provider", "e", ""),
        ("provider", "nobody", ""),
        ("client", "watercolours", ""),
        ("client", "number", ""),
        ("support", "Number 77", ""),
        ("support", "number", ""),
        ("support", "number", "pending"),
        ("support", "endgames", ""),
        ("support", "e", ""),
        ("support", "nobody", ""),
        ("support", everything[-1], ""),
    ):
        words = q if len(q) < 20 else "an id"  # noqa: PLR2004
        yield Case(
            name=f"bookings, search: {words} {state}".strip(),
            role=role,
            path="/bookings",
            query={"q": q} | ({"state": state} if state else {}),
            deep=(busy if role == "provider" else everything)[100],
        )


def _topics_and_providers(filled: Filled) -> Iterator[Case]:
    last_provider, oldest_topic = "late-9", filled.topic_ids[100]
    for query in (
        {},
        {"status": "good"},
        {"status": "warned"},
        {"status": "suspended"},
        {"q": "number 77"},
        {"q": "number"},
        {"q": "number 77", "status": "good"},
        {"q": "number 77777", "status": "suspended"},
        {"q": "nobody"},
        {"q": "e"},
    ):
        name = f"providers {' '.join(query.values())}".strip()
        yield Case(name=name, role="support", path="/providers", query=query, deep=last_provider)
    for what, path in (("API", "/v1/topics"), ("portal", "/browse")):
        for q in ("", "endgames", "late-777", "nobody", "e"):
            name = f"{what}, topics {q}".strip()
            query = {"q": q} if q else {}
            yield Case(name=name, role="client", path=path, query=query, deep=oldest_topic)
    yield Case(name="own topics", role="provider", path="/topics", query={})


def _chats(filled: Filled) -> Iterator[Case]:
    for what, path in (("API", "/v1/conversations"), ("portal", "/messages")):
        for role, ids in (
            ("provider", filled.own_conversations),
            ("support", filled.conversation_ids),
        ):
            name = f"{what}, conversations"
            yield Case(name=name, role=role, path=path, query={}, deep=ids[100])
    for what, path in (
        ("API", f"/v1/conversations/{filled.long_chat}/messages"),
        ("portal", f"/messages/{filled.long_chat}"),
    ):
        deep = filled.long_chat_ids[100]
        yield Case(name=f"{what}, a chat", role="provider", path=path, query={}, deep=deep)


def _told(filled: Filled) -> Iterator[Case]:
    """What happened, and whom it was told."""
    end = str(len(filled.booking_ids) - 100)
    yield Case(name="API, events", role="service", path="/v1/events", query={}, deep=end)
    for role, endpoint in filled.endpoints.items():
        for what, path in (
            ("API", f"/v1/webhooks/{endpoint.id}/deliveries"),
            ("portal", f"/webhooks/{endpoint.id}"),
        ):
            deep = endpoint.delivery_ids[100]
            name = f"{what}, deliveries"
            yield Case(name=name, role=role.value, path=path, query={}, deep=deep)
    timeline = f"/v1/bookings/{filled.busy_ids[-1]}/timeline"
    yield Case(name="API, timeline", role=Role.PROVIDER.value, path=timeline, query={})
    yield Case(name="a booking", role="support", path=f"/bookings/{filled.busy_ids[-1]}", query={})
    deep = filled.inbox_ids[100]
    yield Case(name="notices", role="provider", path="/notices", query={}, deep=deep)
