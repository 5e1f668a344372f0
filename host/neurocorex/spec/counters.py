"""Counters of a chip: the table of what is counted, for the model and for the wire."""

from __future__ import annotations

from .rows import CounterRow, Declared
from .widths import exactly

COUNTER_BITS = 48
_WIDTH = exactly(COUNTER_BITS)


def _counts(meaning: str, *, of_model: bool = True) -> CounterRow:
    return CounterRow(meaning, _WIDTH, default=0, of_model=of_model)


class Counter(Declared):
    """Counters, each two items of `Region.COUNTERS` (low word first); they wrap at `COUNTER_BITS`."""

    row: CounterRow

    STEPS = 0, _counts("steps")
    INPUT_EVENTS = 1, _counts("arrivals at input axons")
    RECURRENT_EVENTS = 2, _counts("arrivals at axons M + j and extra ones")
    SPIKES = 3, _counts("neurons that fired")
    SATURATIONS = 4, _counts("updates of a neuron in which i, v, h or E was clamped, once per neuron and step")
    REFUSED_EVENTS = (
        5,
        _counts(
            "events that named no axon or neuron in use, came after a graded event of their step, or had no meaning"
        ),
    )
    POTENTIATIONS = 6, _counts("changes of a synapse above 0")
    DEPRESSIONS = 7, _counts("changes of a synapse below 0")
    CLIPS_LOW = (
        8,
        _counts("changes that lead below `WEIGHT_MIN`: cut short, or lengthened where the weight was below before"),
    )
    CLIPS_HIGH = (
        9,
        _counts("changes that lead above `WEIGHT_MAX`: cut short, or lengthened where the weight was above before"),
    )
    BUSY_CYCLES = 10, _counts("clock cycles in which the core worked, `neurocorex.spec.timing.busy_cycles`")
    STALL_CYCLES = (
        11,
        _counts(
            "clock cycles within a step in which the core waited for the host or its own draws, or folded a drift",
            of_model=False,
        ),
    )
    FRAMES_GOOD = 12, _counts("frames to the chip that passed their checksum", of_model=False)
    FRAMES_BAD = 13, _counts("frames to the chip that failed it", of_model=False)
    FULL_TRACES = 14, _counts("rises of an exponential trace that its cap cut short")
    DRIFT_CLIPS = (
        15,
        _counts(
            "changes of a synapse whose weight stood at the end of its range to which `DRIFT_STEP` leads: it may have "
            "left the range, and come back"
        ),
    )


#: Counters that the stimulus determines: equal on every realisation, bit for bit. The others tell of time and wire.
MODEL_COUNTERS = tuple(counter for counter in Counter if counter.row.of_model)
