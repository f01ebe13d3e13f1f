"""One provider's standing: late events, claims, proofs, the case, and the suspension of topics."""
