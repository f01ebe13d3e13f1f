"""What is wrong with a field, as people are told it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from api.models.booking import Logistics
from api.models.topic import NewTopic
from api.portal.complaints import for_people


@pytest.mark.parametrize(
    ("model", "given", "told"),
    [
        (NewTopic, {"title": "x" * 1201, "duration_minutes": 60}, "can have 200 characters"),
        (NewTopic, {"title": "", "duration_minutes": 60}, "has to be given"),
        (NewTopic, {"title": 7, "duration_minutes": 60}, "cannot be read as it was meant"),
        (Logistics, {"conference_url": "meet"}, "cannot be read as it was meant"),
        (Logistics, {"note": "x" * 4001}, "can have 4,000 characters"),
    ],
)
def test_the_words_of_the_library_are_for_programs(
    model: type[NewTopic | Logistics], given: dict[str, object], told: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(given)
    assert [for_people(error["msg"]) for error in refused.value.errors()] == [told]


def test_our_own_words_stay() -> None:
    assert for_people("must be an e-mail address") == "must be an e-mail address"
