"""The Providers tab: finding a provider, their whole file, and what support does about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from starlette.responses import Response

from api import paging
from api.access import require_id
from api.portal.act import Outcome, tell_standing
from api.portal.counted import counted
from api.portal.forms import Form, SentForm, page_router
from api.portal.listed import After, Search, listed, looked_for
from api.portal.names import names_of
from api.portal.paths import local_path
from api.portal.rendering import follow, render
from api.portal.session import SupportIn, Viewer
from api.portal.standing_file import read_file
from api.portal.tab_counts import tab_counts
from api.portal.written import any_text, some_text
from api.problems import not_found
from api.services import Parts, Services
from api.settings import settings_of
from config_temporal import workflow_page
from db.queries.bookings import list_bookings
from db.queries.providers import count_by_status, is_known, list_providers
from db.queries.topics import list_topics
from domain.instants import in_words
from domain.party import Party, Role
from domain.refusal import FieldError
from domain.standing.state import Status
from domain.workflow_ids import standing_workflow_id

router = page_router("/providers")

_PER_PAGE = 50
_BOOKINGS = 10
_TOPICS = 50


@router.get("")
async def show_providers(
    request: Request,
    viewer: SupportIn,
    parts: Parts,
    status: Annotated[Status | None, Query()] = None,
    q: Search = "",
    after: After = None,
) -> Response:
    """The providers, by standing, or those that are searched for."""
    q = looked_for(q)
    async with parts.engine.connect() as conn:
        found = await list_providers(
            conn,
            status=status,
            q=q,
            limit=_PER_PAGE + 1,
            after=paging.place(after or None),
        )
        numbers = await count_by_status(conn)
        people = [Party(role=Role.PROVIDER, id=row.provider_id) for row in found]
        names = await names_of(request, conn, people)
        counts = await tab_counts(conn, viewer.party)
    return render(
        request,
        viewer,
        "providers.html",
        tab="providers",
        counts=counts,
        providers=listed(found, _PER_PAGE, after=after, place_of=lambda row: row.provider_id),
        q=q,
        status_chosen=status.value if status else "",
        filters=_filters(numbers),
        names=names,
    )


@dataclass(frozen=True, kw_only=True)
class StandingAct:
    """Support about to do something about a provider's standing."""

    request: Request
    viewer: Viewer
    parts: Services
    form: Form
    provider_id: str

    async def give(self, command: str, *, done: str, **fields: Any) -> Response:
        """Gives a command to the standing, and leads back to where the form was."""
        outcome = await tell_standing(
            self.viewer, self.parts, self.form, self.provider_id, command, **fields
        )
        if outcome.accepted:
            path = local_path(self.form.text("back"), otherwise=f"/providers/{self.provider_id}")
            return follow(self.request, outcome, path, done=done)
        return await _file(
            self.request,
            self.viewer,
            self.parts,
            self.provider_id,
            outcome=outcome,
            form=self.form,
        )

    def verdict(self, yes: str, no: str) -> bool:
        """Which of two buttons was pressed; an error of the form if it was neither."""
        pressed = self.form.text("verdict")
        if pressed not in (yes, no):
            told = "has to be one of the two buttons"
            self.form.errors.append(FieldError(field="verdict", message=told))
        return pressed == yes


async def _provider(provider_id: str, viewer: SupportIn, parts: Parts) -> str:
    # Asked for, so that nobody else learns which providers there are.
    del viewer
    async with parts.engine.connect() as conn:
        if await is_known(conn, require_id(provider_id)):
            return provider_id
    raise not_found()


TheProvider = Annotated[str, Depends(_provider)]


async def _act(
    provider_id: TheProvider, request: Request, viewer: SupportIn, parts: Parts, form: SentForm
) -> StandingAct:
    return StandingAct(
        request=request, viewer=viewer, parts=parts, form=form, provider_id=provider_id
    )


TheAct = Annotated[StandingAct, Depends(_act)]


@router.get("/{provider_id}")
async def show_file(
    provider_id: TheProvider, request: Request, viewer: SupportIn, parts: Parts
) -> Response:
    """A provider's file: standing, topics, bookings, late events, claims, proofs, decisions."""
    return await _file(request, viewer, parts, provider_id)


@router.post("/{provider_id}/proofs/{proof_id:path}/review")
async def review_proof(proof_id: str, act: TheAct) -> Response:
    """Accepts a proof, which excuses the late events that it covers, or rejects it."""
    accept = act.verdict("accept", "reject")
    return await act.give(
        "review-proof",
        done="The proof is accepted." if accept else "The proof is rejected.",
        proof_id=proof_id,
        accept=accept,
        # The reason of a suspension is what the provider is told of it.
        note=any_text(act.form, "note") if accept else some_text(act.form, "note"),
    )


@router.post("/{provider_id}/claims/{claim_id:path}/settle")
async def settle_claim(claim_id: str, act: TheAct) -> Response:
    """Upholds a client's claim, so that its late event counts, or dismisses it."""
    uphold = act.verdict("uphold", "dismiss")
    return await act.give(
        "settle-claim",
        done="The claim is upheld." if uphold else "The claim is dismissed.",
        claim_id=claim_id,
        uphold=uphold,
        note=any_text(act.form, "note"),
    )


@router.post("/{provider_id}/suspend")
async def suspend(act: TheAct) -> Response:
    """Takes a provider's topics off the list, for a reason that they are told."""
    done = "The topics are suspended."
    return await act.give("suspend", done=done, reason=some_text(act.form, "reason"))


@router.post("/{provider_id}/reinstate")
async def reinstate(act: TheAct) -> Response:
    """Lists a provider's topics again; what counted so far no longer does."""
    done = "The topics are reinstated."
    return await act.give("reinstate", done=done, reason=some_text(act.form, "reason"))


async def _file(
    request: Request,
    viewer: Viewer,
    parts: Services,
    provider_id: str,
    *,
    outcome: Outcome | None = None,
    form: Form | None = None,
) -> Response:
    async with parts.engine.connect() as conn:
        file = await read_file(request, conn, provider_id)
        bookings = await list_bookings(conn, provider_id=provider_id, limit=_BOOKINGS + 1)
        # As the provider sees them: the paused and the suspended ones too.
        own = Party(role=Role.PROVIDER, id=provider_id)
        topics = await list_topics(conn, viewer=own, provider_id=provider_id, limit=_TOPICS)
        clients = [Party(role=Role.CLIENT, id=row.booking.client_id) for row in bookings]
        names = await names_of(request, conn, [own, *clients])
        counts = await tab_counts(conn, viewer.party)
    return render(
        request,
        viewer,
        "provider.html",
        tab="providers",
        outcome=outcome,
        form=form,
        counts=counts,
        live_page=f"/providers/{provider_id}",
        file=file,
        provider_id=provider_id,
        topics=topics,
        bookings=[row.booking for row in bookings[:_BOOKINGS]],
        has_more_bookings=len(bookings) > _BOOKINGS,
        names=names,
        late_within=in_words(file.standing.policy.late_within),
        workflow_page=workflow_page(settings_of(request), standing_workflow_id(provider_id)),
    )


def _filters(numbers: dict[Status, int]) -> list[tuple[str, str, str]]:
    """All, and then each status, with how many there are."""
    return [
        ("", "All", counted(sum(numbers.values()))),
        *(
            (status.value, status.value.replace("-", " ").capitalize(), counted(numbers[status]))
            for status in Status
        ),
    ]
