"""The Standing tab: where a provider stands, why, and what they can do about it."""

from __future__ import annotations

from dataclasses import replace

from fastapi import Request
from starlette.responses import Response

from api.portal.act import Outcome, tell_standing
from api.portal.forms import Form, SentForm, page_router
from api.portal.rendering import follow, render
from api.portal.session import ProviderIn, Viewer
from api.portal.standing_file import read_file
from api.portal.tab_counts import tab_counts
from api.portal.written import any_text, some_text, web_address
from api.services import Parts, Services
from domain.instants import in_words
from domain.refusal import FieldError

router = page_router("/standing")

_PROOF = "/standing/proof"
_DOCUMENT_ROWS = range(1, 6)


@router.get("")
async def show_standing(request: Request, viewer: ProviderIn, parts: Parts) -> Response:
    """Status, counts, receipts, claims, the case, proofs, and every decision."""
    return await _page(request, viewer, parts)


@router.post("/proof")
async def bring_proof(
    request: Request, viewer: ProviderIn, parts: Parts, form: SentForm
) -> Response:
    """Brings proof of extenuating circumstances, for support to review."""
    rows = [row for row in _DOCUMENT_ROWS if _name(form, row) or _address(form, row)]
    if not form.all("covers"):
        told = "must include at least one late event"
        form.errors.append(FieldError(field="covers", message=told))
    for row in rows:
        some_text(form, f"name_{row}")
        web_address(form, f"url_{row}")
    outcome = await tell_standing(
        viewer,
        parts,
        form,
        viewer.id,
        "submit-proof",
        covers=form.all("covers"),
        statement=some_text(form, "statement"),
        documents=[{"name": _name(form, row), "url": _address(form, row)} for row in rows],
    )
    if outcome.accepted:
        done = "Your proof is with support. You are told as soon as it is reviewed."
        return follow(request, outcome, "/standing", done=done)
    return await _page(request, viewer, parts, outcome=_by_row(outcome, rows), form=form)


@router.post("/claims/{claim_id:path}/contest")
async def contest_claim(
    claim_id: str, request: Request, viewer: ProviderIn, parts: Parts, form: SentForm
) -> Response:
    """Denies a client's claim, so that support decides."""
    outcome = await tell_standing(
        viewer,
        parts,
        form,
        viewer.id,
        "contest-claim",
        claim_id=claim_id,
        note=any_text(form, "note"),
    )
    if outcome.accepted:
        done = "The claim is contested: support decides."
        return follow(request, outcome, "/standing", done=done)
    return await _page(request, viewer, parts, outcome=outcome, form=form)


def _name(form: Form, row: int) -> str:
    return form.text(f"name_{row}")


def _address(form: Form, row: int) -> str:
    return form.text(f"url_{row}")


def _by_row(outcome: Outcome, rows: list[int]) -> Outcome:
    """The outcome with its complaints at the rows of the form, the empty ones counted too."""
    names = {
        f"documents.{number}.{part}": f"{part}_{row}"
        for number, row in enumerate(rows)
        for part in ("name", "url")
    }
    errors = {names.get(field, field): message for field, message in outcome.errors.items()}
    return replace(outcome, errors=errors)


async def _page(
    request: Request,
    viewer: Viewer,
    parts: Services,
    *,
    outcome: Outcome | None = None,
    form: Form | None = None,
) -> Response:
    async with parts.engine.connect() as conn:
        file = await read_file(request, conn, viewer.id)
        counts = await tab_counts(conn, viewer.party)
    return render(
        request,
        viewer,
        "standing.html",
        tab="standing",
        outcome=outcome,
        form=form,
        counts=counts,
        live_page="/standing",
        file=file,
        late_within=in_words(file.standing.policy.late_within),
        proof_action=_PROOF,
        document_rows=_DOCUMENT_ROWS,
    )
