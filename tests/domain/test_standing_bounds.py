"""However much a provider brings, their standing stays small enough to be carried about."""

from __future__ import annotations

from domain.standing.evolve import PROOFS_KEPT, TEXTS_KEPT
from tests.domain.standings import Live, late, proof, review


def test_of_many_proofs_the_newest_are_kept_and_their_texts() -> None:
    live = Live()
    live.give(late("a"))
    for _ in range(PROOFS_KEPT + 5):
        live.give(proof("a"))
    proofs = live.standing.proofs
    assert list(proofs) == [f"proof-{number}" for number in range(6, PROOFS_KEPT + 6)]
    told = [each.id for each in proofs.values() if each.statement]
    assert told == list(proofs)[-TEXTS_KEPT:]


def test_a_proof_whose_text_has_gone_can_still_be_accepted() -> None:
    live = Live()
    live.give(late("a"))
    for _ in range(TEXTS_KEPT + 1):
        live.give(proof("a"))
    assert live.give(review("proof-1", accept=True)) == ("proof.accepted", "late-event.excused")
    assert live.refused(review("proof-0", accept=True)) == "unknown-proof"
