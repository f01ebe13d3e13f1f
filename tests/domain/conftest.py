"""Nothing is started for these tests; what they generate is the same in every run."""

from __future__ import annotations

import hypothesis

# Loaded by name where it is used: the other tiers keep their own profile.
hypothesis.settings.register_profile(
    "domain",
    parent=hypothesis.settings.get_profile("keepdate"),
    derandomize=True,
    max_examples=150,
    stateful_step_count=30,
)
