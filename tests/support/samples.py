"""Samples: the cases of a long test that `make test` runs, and those that `make long` adds."""

from collections.abc import Iterable
from typing import Any

import pytest


def more_with_long(names: Iterable[str], *long: str) -> list[Any]:
    """Return names as parameters of a test, the long ones with their mark."""
    names = list(names)
    assert set(long) < set(names)
    return [pytest.param(name, id=name, marks=pytest.mark.long if name in long else ()) for name in names]
