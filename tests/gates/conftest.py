"""Fixtures of the gates."""

from collections.abc import Iterator

import pytest
from support.corebench import forget_cores


@pytest.fixture(autouse=True)
def cores_as_they_are_written(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that changes what cores are made of gets new ones, and leaves none."""
    changes = "monkeypatch" in request.fixturenames
    if changes:
        forget_cores()
    yield
    if changes:
        forget_cores()
