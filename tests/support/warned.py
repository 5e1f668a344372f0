"""Calls that warn of a network, as most networks of tests are too small or too odd to make sense."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from neurocorex.errors import QuantisationWarning


def warned(call: Callable[..., Any], *arguments: Any, match: str = "", **keywords: Any) -> Any:
    """Call something that warns of what it quantises, loads or imports; return its result."""
    with pytest.warns(QuantisationWarning, match=match):
        return call(*arguments, **keywords)
