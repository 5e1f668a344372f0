"""Checks of what `Network.connect` and `Network.learn` are given: projections and delays."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..errors import InputError
from .data import NetworkData
from .population import Neurons, Population


def check_pair(net: NetworkData, source: Any, target: Any) -> None:
    """Raise InputError unless a source and a target are populations of a network, and the target one of neurons."""
    for role, part in (("source", source), ("target", target)):
        if not isinstance(part, Population) or part.network is not net:
            raise InputError(f"the {role} must be a part of this network such as net.neurons[0:4], got {part!r}")
    if not isinstance(target, Neurons):
        raise InputError("only neurons can be a target; the inputs are driven by the host")


def projections_of(net: NetworkData, between: Any) -> list[tuple[Population, Neurons]]:
    """Return one pair (source, target), or several, as a list; raises InputError for anything else."""
    single = isinstance(between, tuple) and len(between) == 2 and isinstance(between[0], Population)
    pairs: list[Any] = [between] if single or not isinstance(between, Iterable) else list(between)
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise InputError(f"between needs (source, target), such as (net.inputs, net.neurons), got {pair!r}")
        check_pair(net, *pair)
    return pairs
