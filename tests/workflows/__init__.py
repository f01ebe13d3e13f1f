"""Workflows on the real Temporal server and the real database."""

import pytest

pytest.register_assert_rewrite("tests.workflows.world", "tests.workflows.wire")
