"""The shared checks explain themselves like asserts in a test."""

import pytest

pytest.register_assert_rewrite("tests.live.faults.story", "tests.live.faults.starts")
