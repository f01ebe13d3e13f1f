"""A place where everything has happened once, written by people who try to break its pages."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from domain.party import Party, Role
from tests.api.marketplace import Json, Person, created, fresh_key, in_days, ok, until
from tests.browser.visitor import Visitor

Somebody = Visitor | Party
"""Who acts through the API: somebody at a screen, or one whose screen nobody needs to see."""

TIM, EVE = Party(role=Role.CLIENT, id="tim"), Party(role=Role.SUPPORT, id="eve")

HOSTILE = (
    "<script>window.injected = 1</script><b class=injected>bold</b>"
    "<img src=x onerror='window.injected = 1'> {{ 7 * 7 }} \"'"
)
"""What people may write, and what must show as the text that it is."""

LONG = "https://example.org/" + "a-very-long-address" * 8
"""What does not break by itself, and must not make a page wider than a phone."""


@dataclass(frozen=True, kw_only=True)
class Town:
    """A provider and a client who share a history, and support."""

    provider: Person
    client: Person
    support: Person
    topic: Json

    async def booked(self, days: float, *more_days: float) -> str:
        """A request of the client's; its id."""
        body = {
            "topic_id": self.topic["id"],
            "preferred_starts": [in_days(each) for each in (days, *more_days)],
            "note": HOSTILE,
        }
        booking = created(await self.client.post("/v1/bookings", body, fresh_key()))
        found: str = booking["id"]
        return found

    async def conversation(self) -> str:
        """Where the two talk; its id."""
        chat = await self.client.post("/v1/conversations", {"provider_id": self.provider.id})
        found: str = chat.json()["id"]
        return found

    async def says(self, chat: str, text: str) -> None:
        """A message of the client's."""
        path = f"/v1/conversations/{chat}/messages"
        created(await self.client.post(path, {"text": text}, fresh_key()))

    async def confirmed(self, days: float) -> str:
        """A confirmed booking; its id."""
        booking_id = await self.booked(days)
        booking = ok(await self.provider.get(f"/v1/bookings/{booking_id}"))
        await self.tell(self.provider, booking_id, "confirm", start=booking["preferred_starts"][0])
        return booking_id

    async def tell(self, who: Person, booking_id: str, command: str, **fields: object) -> Json:
        """A command to a booking."""
        return ok(await who.post(f"/v1/bookings/{booking_id}/{command}", fields, fresh_key()))

    async def tell_standing(self, who: Person, command: str, **fields: object) -> Json:
        """A command to the provider's standing."""
        path = f"/v1/providers/{self.provider.id}/standing/{command}"
        return ok(await who.post(path, fields, fresh_key()))

    async def standing(self) -> Json:
        """How the provider stands."""
        return ok(await self.support.get(f"/v1/providers/{self.provider.id}/standing"))


async def founded(
    http: httpx.AsyncClient, provider: Somebody, client: Somebody = TIM, support: Somebody = EVE
) -> Town:
    """A town of these people in which nothing has happened yet but that a topic is offered."""
    ida, tim, eve = (Person(http, who.role, who.id) for who in (provider, client, support))
    topic = created(
        await ida.post(
            "/v1/topics",
            {
                "title": f"Fugues {HOSTILE}"[:100],
                "description": f"{HOSTILE}\n{LONG}",
                "duration_minutes": 45,
            },
        )
    )
    return Town(provider=ida, client=tim, support=eve, topic=topic)


async def everything_happens(town: Town) -> None:
    """Each state of a booking, and each part of a standing."""
    await _talk(town)
    # Of one type alone, so that little is sent to where nobody is.
    endpoint = {"url": f"https://hooks.example.org/{'x' * 200}", "description": HOSTILE[:200]}
    created(await town.provider.post("/v1/webhooks", {**endpoint, "types": ["booking.declined"]}))
    await town.booked(20, 21, 22)
    await town.tell(town.provider, await town.booked(9), "decline", reason=HOSTILE)

    agreed = await town.confirmed(30)
    logistics = {"conference_url": LONG, "materials": HOSTILE, "note": HOSTILE}
    ok(await town.provider.put(f"/v1/bookings/{agreed}/logistics", logistics))

    for days, is_answered in ((31.0, True), (32.0, False)):
        moved = await town.confirmed(days)
        await town.tell(
            town.provider,
            moved,
            "propose-reschedule",
            starts=[in_days(days + 10), in_days(days + 20)],
            reason=HOSTILE,
        )
        if is_answered:
            booking = ok(await town.client.get(f"/v1/bookings/{moved}"))
            start = booking["reschedule"]["starts"][0]
            await town.tell(town.client, moved, "answer-reschedule", accept=True, start=start)

    await town.tell(town.provider, await town.confirmed(2.0), "ask-cancel", reason=HOSTILE)
    claimed = await town.confirmed(2.5)
    await town.tell(town.client, claimed, "cancel", reason=HOSTILE, initiated_by=town.provider.role)
    await _case(town)


async def _talk(town: Town) -> None:
    path = f"/v1/conversations/{await town.conversation()}/messages"
    for author, text in (
        (town.client, "Do I need to read music already?"),
        (town.provider, HOSTILE),
        (town.client, f"See {LONG}, javascript:alert(1)"),
    ):
        assert (await author.post(path, {"text": text}, fresh_key())).is_success


async def _case(town: Town) -> None:
    """Three late cancellations, a case, and a proof that waits for its review."""
    for days in (3.0, 3.2, 3.4):
        late = await town.confirmed(days)
        await town.tell(town.provider, late, "ask-cancel", reason=HOSTILE)
        await town.tell(town.client, late, "cancel", reason=HOSTILE)
    standing = await until(town.standing, lambda it: it["case"] is not None)
    await town.tell_standing(
        town.provider,
        "submit-proof",
        covers=[standing["events"][-1]["id"]],
        statement=HOSTILE,
        documents=[{"name": HOSTILE[:60], "url": LONG}],
    )
