"""Plan of a chip on a board: resources needed and available, steps per second, upload time, and advice.

A plan is an estimate made in milliseconds; `neurocorex.fpga.build` makes the real thing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ..errors import InputError
from ..spec import CoreConfig, Learning, layout, regions
from ..spec.config import LIMITS
from ..spec.protocol import WRITE_ARGUMENTS, Request
from ..spec.stuffing import CRC_BYTES
from ..spec.timing import busy_cycles, row_cycles
from .boards import BOARDS, Board
from .estimate import estimate, margin
from .placement import place, total_blocks, total_large, weights_are_too_many

#: Bits of a byte on the wire.
_FRAMED_BITS = 10
#: Bytes that a frame adds to its payload: header, checksum, first COBS distance and delimiter.
_FRAME_BYTES = Request.HEADER.size + CRC_BYTES + 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Fit and speed of a chip on a board.

    Attributes
    ----------
    board, config, clock_hz
        The chip, its board and the clock of its core.
    needed : dict of str to float
        Block RAM and SPRAM (exact), LUTs, flip-flops and multipliers (estimated).
    available : dict of str to float
        Resources of the part, by the same names.
    cycles_per_step : float
        Clock cycles a step, at the activity given to `make`.
    upload_s : float
        Seconds to write all parameters and weights at the baud rate after reset.
    advice : list of str
        Options to change so that the chip fits or gets faster.
    """

    board: Board
    config: CoreConfig
    clock_hz: int
    needed: dict[str, float]
    available: dict[str, float]
    cycles_per_step: float
    upload_s: float
    advice: list[str]

    @property
    def shortage(self) -> str:
        """Resources that the part has too little of, in words; empty if the chip fits."""
        return ", ".join(
            f"{_TITLES[name]} ({count:g} needed, {self.available[name]:g} available)"
            for name, count in self.needed.items()
            if count > self.available[name]
        )

    @property
    def fits(self) -> bool:
        """Whether the part has enough of every resource."""
        return not self.shortage

    @property
    def steps_per_second(self) -> float:
        """Steps a second of the core; the serial port may limit a run to fewer."""
        return self.clock_hz / self.cycles_per_step

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "board": self.board.name,
            "part": self.board.part.name,
            "config": self.config.to_dict(),
            "fits": self.fits,
            "limits": {
                name: {"needed": count, "available": self.available[name], "exact": name in _EXACT}
                for name, count in self.needed.items()
            },
            "shortage": self.shortage or None,
            "margin": margin(self.config, self.board.family),
            "clock_mhz": self.clock_hz / 1e6,
            "cycles_per_step": round(self.cycles_per_step, 1),
            "steps_per_second": round(self.steps_per_second),
            "upload_s": round(self.upload_s, 3),
            "advice": self.advice,
        }

    def to_text(self) -> str:
        """Return the plan as lines of text."""
        sizes = f"N = {self.config.neurons}, M = {self.config.inputs}, L = {self.config.lanes}"
        verdict = "fits" if self.fits else f"does not fit: not enough {self.shortage}"
        lines = [f"{self.board.name} ({self.board.part.name}), {sizes}: {verdict}"]
        for name, count in self.needed.items():
            if not count and not self.available[name]:
                continue
            share = 100 * count / self.available[name] if self.available[name] else 0.0
            about = "" if name in _EXACT else f", estimated within {margin(self.config, self.board.family):.0%}"
            lines.append(f"  {_TITLES[name]:<12} {count:>8g} of {self.available[name]:>7g} {share:5.0f} %{about}")
        lines.append(
            f"  {self.cycles_per_step:.0f} cycles a step, {self.steps_per_second:,.0f} steps/s at "
            f"{self.clock_hz / 1e6:g} MHz, {self.upload_s:.2f} s to upload"
        )
        return "\n".join(lines + [f"  {line}" for line in self.advice])


_TITLES = {"bram": "block RAM", "spram": "SPRAM", "lut": "LUTs", "ff": "flip-flops", "dsp": "multipliers"}
#: Resources that are counted; the others are estimated.
_EXACT = ("bram", "spram")


def make(
    board: Board,
    config: CoreConfig,
    *,
    clock_hz: int | None = None,
    arrivals: float | None = None,
    fired: float | None = None,
) -> Plan:
    """Plan a chip on a board.

    Parameters
    ----------
    board : Board
        The board.
    config : CoreConfig
        Geometry of the chip.
    clock_hz : int, optional
        Clock of the core; by default that of the board.
    arrivals, fired : float, optional
        Spikes that arrive in a step, and neurons that fire and learn in it; by default a tenth of the inputs, and one
        neuron in a hundred.

    Raises
    ------
    InputError
        For an activity that is negative or not finite.
    """
    come = config.inputs / 10 if arrivals is None else arrivals
    learn = config.neurons / 100 if fired is None else fired
    for activity in (come, learn):
        if not 0 <= activity < math.inf:
            raise InputError(f"arrivals and fired must be finite and at least 0, such as 12.5; got {activity:g}")
    steps = 1000
    cycles = busy_cycles(config, steps, round(come * steps), round(learn * steps) if config.learning else 0) / steps
    bare = Plan(
        board=board, config=config, clock_hz=clock_hz or board.clock_hz, needed=needs(board, config),
        available=_available(board),
        cycles_per_step=cycles, upload_s=_upload_s(board, config), advice=[],
    )  # fmt: skip
    return replace(bare, advice=_faster(bare) if bare.fits else _smaller(bare))


def needs(board: Board, config: CoreConfig) -> dict[str, float]:
    """Return block RAM, SPRAM, LUTs, flip-flops and multipliers of a chip on the part of a board."""
    placed = place(config, board.part)
    logic = estimate(config, board.family)
    multipliers, dsp = logic["dsp"], logic["dsp"] if board.part.dsp else 0.0
    # A part without multipliers makes each of LUTs, as a row of adders.
    lut = logic["lut"] + sum(each.luts for each in placed) + (multipliers - dsp) * config.state_bits * 16
    return {
        "bram": total_blocks(placed),
        "spram": total_large(placed),
        "lut": round(lut),
        "ff": round(logic["ff"]),
        "dsp": round(dsp),
    }


def _available(board: Board) -> dict[str, float]:
    return {name: getattr(board.part, name) for name in _TITLES}


def boards_for(config: CoreConfig) -> list[str]:
    """Return the names of the boards on which a chip fits."""
    return [board.name for board in BOARDS.values() if make(board, config).fits]


def _upload_s(board: Board, config: CoreConfig) -> float:
    forms = [layout(region, config) for region in regions(config)]
    size = sum(form.items * form.item_bytes for form in forms if form.writable)
    room = config.payload_bytes - WRITE_ARGUMENTS.size
    return (size + -(-size // room) * (WRITE_ARGUMENTS.size + _FRAME_BYTES)) * _FRAMED_BITS / board.baud


def _fits(board: Board, config: CoreConfig) -> bool:
    # Of thousands of geometries that are tried, most have too many weights.
    if weights_are_too_many(config, board.part):
        return False
    available = _available(board)
    return all(count <= available[name] for name, count in needs(board, config).items())


def _smaller(plan: Plan) -> list[str]:
    """Return the single options with which the chip would fit, each at its largest value."""
    found = []
    for name, values in _steps_down(plan.config):
        for value in values:
            smaller = _changed(plan.config, name, value)
            if smaller and _fits(plan.board, smaller):
                found.append(f"--{name.replace('_', '-')} {value:d}")
                break
    if found:
        return [f"it fits with {' or with '.join(found)}"]
    others = [board.name for board in BOARDS.values() if board.name != plan.board.name and _fits(board, plan.config)]
    if others:
        return [f"no single option makes it fit; it fits on {', '.join(others)}"]
    return ["no single option and no other board makes it fit; reduce neurons, inputs and weight bits together"]


def _changed(config: CoreConfig, name: str, value: Any) -> CoreConfig | None:
    """Return a geometry with one field changed; None where another field does not allow that."""
    try:
        return replace(config, **{name: value})
    except ValueError:
        return None


def _steps_down(config: CoreConfig) -> Iterator[tuple[str, list[Any]]]:
    yield "inputs", list(range(config.inputs - config.inputs % 16, 0, -16))
    yield "neurons", list(range(config.neurons - config.neurons % 16, 0, -16))
    yield "lanes", [lanes for lanes in (32, 16, 8, 4, 2, 1) if lanes < config.lanes]
    yield "weight_bits", [bits for bits in (8, 4) if bits < config.weight_bits]
    if config.learning:
        yield "learning", [Learning.NONE]


def _faster(plan: Plan) -> list[str]:
    """Return whether twice the lanes fit, and the cycles that they would save."""
    more = 2 * plan.config.lanes
    if more not in LIMITS["lanes"] or not _fits(plan.board, replace(plan.config, lanes=more)):
        return []
    now, then = (row_cycles(replace(plan.config, lanes=lanes)) for lanes in (plan.config.lanes, more))
    return [f"--lanes {more} fits too: an arriving spike would take {then} cycles, not {now}"] if then < now else []
