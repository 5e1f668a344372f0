"""Summary of a device: what it is, where, its chip and its network, from what is known without asking the chip."""

from __future__ import annotations

from ..notebook import Card
from ..spec import ChipInfo
from .contents import Contents
from .session import Session

#: What a standing means to a reader; see `neurocorex.device.standing.Standing`.
_STANDINGS = {
    "known": "ready",
    "cut": "a run was cut off: resume it, or clear",
    "torn": "a change was ended in the middle: make it again, or load",
    "lost": "its network is gone: load it again",
}


def line_of(target: str, session: Session, contents: Contents) -> str:
    """Return the device on one line."""
    return f"<device {target}: {'; '.join(value for _, value in _facts(session, contents))}>"


def card_of(target: str, session: Session, contents: Contents) -> str:
    """Return the device as HTML for a notebook."""
    info = session.told
    details = [] if info is None else [f"{name}: {value}" for name, value in info.config.to_dict().items()]
    return Card(f"Device {target}", _facts(session, contents), [("geometry of the chip", details)]).html


def _facts(session: Session, contents: Contents) -> list[tuple[str, str]]:
    if session.is_closed:
        return [("state", "closed")]
    standing = contents.standing
    state = _STANDINGS[standing.name]
    if state == "ready" and not standing.has_network:
        state = "no network loaded"
    facts = [("state", state)]
    if session.told is None:
        facts.append(("chip", "chip not asked yet"))
    else:
        facts.append(("chip", _chip(session.told)))
    own = contents.network.own
    if own is not None and standing.name != "lost":
        facts.append(
            ("network", f"{own.inputs} input axons and {own.neurons} neurons, {contents.network.age} steps old")
        )
    return facts


def _chip(info: ChipInfo) -> str:
    config = info.config
    clock = f", {info.clock_hz / 1e6:g} MHz" if info.clock_hz else ""
    learning = config.learning.name.lower() if config.learning else "none"
    sizes = f"{config.inputs} inputs, {config.neurons} neurons, {config.weight_bits}-bit weights"
    return f"{sizes}, learning: {learning}{clock}"
