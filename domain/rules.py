"""The rules of the marketplace as sentences, with the numbers of the policy that is in force."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

from domain.instants import in_words
from domain.policy import Policy


def with_numbers(rule: str, policy: Policy) -> str:
    """A rule as people read it: each length of time that it names is the policy's own.

    `{answer_within}` becomes `3 days`, by the name of the policy's field.
    """
    spans = {field.name: getattr(policy, field.name) for field in fields(policy)}
    return rule.format_map(
        {name: in_words(span) for name, span in spans.items() if isinstance(span, timedelta)}
    )
