"""`keepdate demo`: real bookings, played through a running stack with time moved forward.

People act over HTTP, as they do from the portal; the clock of each workflow is moved by Temporal's
own time skipping. A workflow that was moved lives ahead of the API's clock, which stamps what
people do: where the instant matters after that, a service gives the command, and says when.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from config import Settings
from dev.demo_lines import line, minute, note, say, scene
from dev.demo_stage import DemoError, Json, Person, Stage, open_stage
from domain.instants import in_words, rfc3339
from domain.party import Role
from domain.workflow_ids import booking_workflow_id, standing_workflow_id

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_AFTER = timedelta(minutes=2)  # longer than reminders are spread
_LATE_CANCELLATIONS = 3


def play(settings: Settings) -> None:
    """Plays the demo on the stack that runs here, and ends with an exit code of 1 if none does."""
    try:
        asyncio.run(_play(settings))
    except DemoError as error:
        raise SystemExit(f"keepdate: {error}") from None


async def _play(settings: Settings) -> None:
    async with open_stage(settings) as stage:
        cast = Cast(
            provider=await stage.person(Role.PROVIDER, "ada"),
            client=await stage.person(Role.CLIENT, "ben"),
            support=await stage.person(Role.SUPPORT, "sam"),
            service=await stage.person(Role.SERVICE, "portal"),
        )
        story = Story(stage, cast, _next_hour())
        await story.topic_is_listed()
        await story.session_is_booked()
        await story.session_is_moved()
        await story.session_takes_place()
        for number in range(1, _LATE_CANCELLATIONS + 1):
            await story.session_is_cancelled_late(number)
        await story.case_is_open()
        await story.topics_are_suspended()
        await story.proof_is_accepted()
        await story.epilogue()


@dataclass(frozen=True, kw_only=True)
class Cast:
    """Who plays."""

    provider: Person
    client: Person
    support: Person
    service: Person


class Story:
    """One provider's story. Each method is a scene, and prints what was decided in it."""

    def __init__(self, stage: Stage, cast: Cast, today: datetime) -> None:
        self._stage = stage
        self._cast = cast
        self._today = today
        self._told: dict[str, int] = {}
        self._topic = ""
        self._booking = ""
        self._reasons: list[str] = []

    async def topic_is_listed(self) -> None:
        """A provider offers something, and a client asks about it in chat."""
        provider, client = self._cast.provider, self._cast.client
        scene("A topic is listed, and a client asks about it")
        topic = await provider.post(
            "/v1/topics", {"title": "Counterpoint for beginners", "duration_minutes": 60}
        )
        self._topic = topic["id"]
        say(provider, f"lists “{topic['title']}”, {topic['duration_minutes']} minutes")
        chat = await client.post("/v1/conversations", {"provider_id": provider.id})
        for author, text in (
            (client, "Do I need to read music already?"),
            (provider, "No, we begin with that. Bring paper!"),
        ):
            await author.post(f"/v1/conversations/{chat['id']}/messages", {"text": text})
            say(author, f"“{text}”")

    async def session_is_booked(self) -> None:
        """A request with three times; the provider takes the second."""
        scene("A request with three preferred times; the provider takes the second")
        starts = [self._in_days(days) for days in (12, 13, 14)]
        self._booking = await self._requested(self._cast.client, starts)
        await self._confirmed(self._booking, starts[1])
        await self._cast.provider.put(
            f"/v1/bookings/{self._booking}/logistics",
            {"conference_url": "https://meet.example/counterpoint", "materials": "Fux, chapter 1"},
        )
        say(self._cast.provider, "adds the conference link and what to read")

    async def session_is_moved(self) -> None:
        """A proposal six days before the session is on time, and counts for nothing."""
        path, start = f"/v1/bookings/{self._booking}", self._in_days(13)
        scene("Six days before: the reminder, then other times, on time; support amends the date")
        await self._forward(self._booking, start - 6 * _DAY)
        proposed = [self._in_days(20), self._in_days(21)]
        await self._cast.service.post(
            f"{path}/propose-reschedule",
            {
                "starts": [rfc3339(each) for each in proposed],
                "reason": "A concert came up.",
                "at": rfc3339(start - 6 * _DAY + _MINUTE),
            },
        )
        await self._cast.provider.until(path, lambda it: it["reschedule"] is not None)
        await self._cast.client.post(
            f"{path}/answer-reschedule", {"accept": True, "start": rfc3339(proposed[0])}
        )
        await self._cast.support.until(
            path, lambda it: (it["reschedule"] or {}).get("status") == "accepted"
        )
        await self._cast.support.post(
            f"{path}/reschedule-approved", {"start": rfc3339(proposed[0])}
        )
        await self._cast.client.until(
            path, lambda it: it["scheduled_start"] == rfc3339(proposed[0])
        )
        await self._tell(path)

    async def session_takes_place(self) -> None:
        """The reminders of the new date, and the end of the session."""
        path, start = f"/v1/bookings/{self._booking}", self._in_days(20)
        scene("Two more weeks: the reminders of the new date, and the session")
        await self._forward(self._booking, start + timedelta(hours=1))
        await self._cast.client.until(path, lambda it: it["state"] == "completed")
        await self._tell(path)

    async def session_is_cancelled_late(self, number: int) -> None:
        """The provider asks for it three days ahead; the client cancels; it counts."""
        provider, client = self._cast.provider, await self._stage.person(Role.CLIENT, f"c{number}")
        scene(f"Late cancellation {number} of {_LATE_CANCELLATIONS}, at the provider's request")
        start = self._in_days(3) + timedelta(hours=2 * number)
        booking = await self._requested(client, [start])
        await self._confirmed(booking, start)
        path = f"/v1/bookings/{booking}"
        preview = await provider.get(f"{path}/preview", action="ask-cancel")
        say(provider, f"looks ahead: {preview['text']}")
        await provider.post(f"{path}/ask-cancel", {"reason": "I have lost my voice."})
        await client.until(path, lambda it: it["cancellation"] is not None)
        await client.post(f"{path}/cancel", {"reason": "Ada asked me to."})
        await client.until(path, lambda it: it["state"] == "cancelled")
        await self._tell(path)
        await provider.until(self._standing, lambda it: it["late_cancellations"] == number)
        await self._tell(self._standing)

    async def case_is_open(self) -> None:
        """The statement of reasons. The topics stay listed until it is decided."""
        scene("A case is open")
        standing = await self._cast.provider.until(
            self._standing, lambda it: it["case"] is not None
        )
        self._reasons = standing["case"]["reasons"]
        for reason in self._reasons:
            note(reason)
        note(f"Proof can be provided until {standing['case']['due_at']}.")
        await self._tell_whether_listed()

    async def topics_are_suspended(self) -> None:
        """Seven days without proof."""
        scene("Seven days pass, and nobody brings proof")
        standing = await self._cast.provider.get(self._standing)
        due_at = datetime.fromisoformat(standing["case"]["due_at"])
        await self._stage.forward(standing_workflow_id(self._cast.provider.id), due_at + _MINUTE)
        await self._cast.provider.until(self._standing, lambda it: it["status"] == "suspended")
        await self._tell(self._standing)
        await self._tell_whether_listed()
        problem = await self._cast.client.refused("/v1/bookings", self._request_in_a_month())
        say(self._cast.client, f"asks for a session, refused: {problem['code']}")
        note(problem["detail"])

    async def proof_is_accepted(self) -> None:
        """Proof brought while suspended: accepted, excused, counted again, listed again."""
        provider, support = self._cast.provider, self._cast.support
        scene("Proof, brought while suspended, and accepted")
        standing = await provider.get(self._standing)
        covers = [event["id"] for event in standing["events"][-2:]]
        await provider.post(
            f"{self._standing}/submit-proof",
            {
                "covers": covers,
                "statement": "I could not speak that week.",
                "documents": [{"name": "Doctor's note", "url": "https://files.example/note.pdf"}],
            },
        )
        standing = await support.until(self._standing, lambda it: it["proofs"])
        await self._tell(self._standing)
        await self._tell_whether_listed()
        await support.post(
            f"{self._standing}/review-proof",
            {"proof_id": standing["proofs"][-1]["id"], "accept": True, "note": "Get well soon."},
        )
        await provider.until(self._standing, lambda it: it["suspension"] is None)
        await self._tell(self._standing)
        await self._tell_whether_listed()
        booking = await self._requested(self._cast.client, [self._in_days(30)])
        path = f"/v1/bookings/{booking}"
        await self._cast.client.post(f"{path}/cancel", {"reason": "It was only for the demo."})
        await self._cast.client.until(path, lambda it: it["state"] == "cancelled")
        await self._tell(path)

    async def epilogue(self) -> None:
        """Where the provider stands, and why there was a case."""
        standing = await self._cast.provider.get(self._standing)
        scene(f"The standing of provider {standing['provider_id']}: {standing['status']}")
        note(f"late cancellations that count  {standing['late_cancellations']}")
        note(f"late reschedules that count    {standing['late_reschedules']}")
        note(f"allowed of each                {standing['allowed']}")
        for event in standing["events"]:
            note(_late_event(event))
        for proof in standing["proofs"]:
            note(f"{proof['id']} {proof['status']}: {proof['statement']} {proof['note']}")
        scene("The statement of reasons of the case")
        for reason in self._reasons:
            note(reason)

    @property
    def _standing(self) -> str:
        return f"/v1/providers/{self._cast.provider.id}/standing"

    def _in_days(self, days: int) -> datetime:
        return self._today + days * _DAY

    def _request_in_a_month(self) -> Json:
        return {"topic_id": self._topic, "preferred_starts": [rfc3339(self._in_days(30))]}

    async def _requested(self, client: Person, starts: list[datetime]) -> str:
        asked = await client.post(
            "/v1/bookings",
            {"topic_id": self._topic, "preferred_starts": [rfc3339(start) for start in starts]},
        )
        path = f"/v1/bookings/{asked['id']}"
        await client.until(path, lambda it: it["state"] == "pending")
        await self._tell(path)
        booking_id: str = asked["id"]
        return booking_id

    async def _confirmed(self, booking_id: str, start: datetime) -> None:
        path = f"/v1/bookings/{booking_id}"
        await self._cast.provider.post(f"{path}/confirm", {"start": rfc3339(start)})
        await self._cast.provider.until(path, lambda it: it["state"] == "confirmed")
        await self._tell(path)

    async def _forward(self, booking_id: str, until: datetime) -> None:
        """Moves a booking's time to just after an instant, and waits for what happens then."""
        await self._stage.forward(booking_workflow_id(booking_id), until + _AFTER)
        await self._cast.provider.until(
            f"/v1/bookings/{booking_id}/timeline",
            lambda it: datetime.fromisoformat(it["items"][-1]["given_at"]) >= until,
        )
        await self._tell(f"/v1/bookings/{booking_id}")

    async def _tell(self, path: str) -> None:
        """Prints what was decided since the last time."""
        timeline = await self._cast.support.get(f"{path}/timeline")
        for entry in timeline["items"]:
            if entry["seq"] > self._told.get(path, 0):
                self._told[path] = entry["seq"]
                label = f"{minute(entry['given_at'])}  {entry['by']['role']:<8}  "
                line(label, entry["text"])

    async def _tell_whether_listed(self) -> None:
        found = await self._cast.client.get("/v1/topics", provider_id=self._cast.provider.id)
        listed = "listed" if found["items"] else "not listed"
        say(self._cast.client, f"looks for topics: the provider's topic is {listed}")


def _next_hour() -> datetime:
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def _late_event(event: Json) -> str:
    what = "counts" if event["counts"] else "excused" if event["excused"] else "does not count"
    margin = in_words(timedelta(seconds=event["margin_seconds"]))
    return f"{event['kind']} {margin} before the session of {event['scheduled_start']}: {what}"
