"""However much a provider brings, their standing stays small enough to be carried about."""

from __future__ import annotations

from dataclasses import replace

from domain.policy import MAX_TEXT
from domain.standing.evolve import MOST_TEXT, PROOFS_KEPT, TEXTS_KEPT
from domain.standing.state import Document
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


def test_of_long_texts_the_newest_are_kept_and_that_which_was_reviewed_last() -> None:
    live = Live()
    live.give(late("a"))
    document = Document(name="A note", url="https://example.org/".ljust(1000, "x"))
    long = replace(proof("a"), statement="x" * MAX_TEXT, documents=(document,) * 10)
    for _ in range(TEXTS_KEPT):
        live.give(long)
    fitting = MOST_TEXT // 14_060
    assert 1 < fitting < TEXTS_KEPT
    told = [each.id for each in live.standing.proofs.values() if each.statement]
    assert told == list(live.standing.proofs)[-fitting:]
    live.give(review("proof-1", accept=False, note="Not enough."))
    assert live.standing.proofs["proof-1"].note == "Not enough."
    assert live.standing.proofs[f"proof-{TEXTS_KEPT}"].documents


def test_a_proof_whose_text_has_gone_can_still_be_accepted() -> None:
    live = Live()
    live.give(late("a"))
    for _ in range(TEXTS_KEPT + 1):
        live.give(proof("a"))
    assert live.give(review("proof-1", accept=True)) == ("proof.accepted", "late-event.excused")
    assert live.refused(review("proof-0", accept=True)) == "unknown-proof"
