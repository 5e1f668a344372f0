"""Effort of learning from errors: steps, arrivals and walks of a lesson, its clock cycles, and lessons a second."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..fpga.boards import BOARDS
from ..spec import CoreConfig
from ..spec.blocks import USE_BLOCK, use_blocks
from ..spec.timing import busy_cycles, column_cycles

if TYPE_CHECKING:
    from ..device.device import Device

#: Board whose lanes and clock the formula takes.
BOARD = BOARDS["ulx3s-25f"]


@dataclass(frozen=True, kw_only=True)
class Effort:
    """What the lessons of a run cost, all together.

    Attributes
    ----------
    lessons : int
        How many there were.
    steps, arrivals, walks : int
        Steps, axons that arrived in them, and columns of weights that were walked.
    chip : CoreConfig
        Chip that the cycles are of: the smallest in blocks of 32 that holds the network, with the lanes of `BOARD`.
    """

    lessons: int
    steps: int
    arrivals: int
    walks: int
    chip: CoreConfig

    @classmethod
    def of(cls, device: Device, *, lessons: int) -> Effort:
        """Read that of all lessons since the counters of a device were cleared.

        Walks have no counter; they are what the cycles that the core worked leave over.
        """
        counters, whole = device.counters(), device.config
        part = whole.in_use(*whole.blocks_for(device.neurons, device.inputs))
        steps, arrivals = counters["steps"], counters["input_events"] + counters["recurrent_events"]
        left = counters["busy_cycles"] - busy_cycles(part, steps, arrivals, chip=whole)
        neurons, inputs = (use_blocks(count) * USE_BLOCK for count in (device.neurons, device.inputs))
        chip = replace(whole, neurons=neurons, inputs=inputs, lanes=BOARD.config.lanes)
        return cls(lessons=lessons, steps=steps, arrivals=arrivals, walks=left // column_cycles(part), chip=chip)

    @property
    def cycles(self) -> float:
        """Clock cycles of a lesson, by formula."""
        return busy_cycles(self.chip, self.steps, self.arrivals, self.walks) / self.lessons

    @property
    def facts(self) -> dict[str, Any]:
        """Figures for JSON."""
        return {
            "walks_per_image": round(self.walks / self.lessons, 2),
            "arrivals_per_image": round(self.arrivals / self.lessons, 1),
            "cycles_per_image": round(self.cycles),
            "images_per_second": round(BOARD.clock_hz / self.cycles),
            "clock_mhz": BOARD.clock_hz / 1e6,
            "lanes": self.chip.lanes,
        }

    def __str__(self) -> str:
        return (
            f"an image costs {self.arrivals / self.lessons:.0f} arrivals and {self.walks / self.lessons:.1f} walks, "
            f"by formula {self.cycles:,.0f} cycles: {BOARD.clock_hz / self.cycles:,.0f} images/s at "
            f"{BOARD.clock_hz / 1e6:g} MHz with {self.chip.lanes} lanes"
        )
