"""Clock cycles of a step, by formula; the chip counts the same number, see docs/hardware.md.

Where only a part of a chip is in use, pass the geometry of that part, `CoreConfig.in_use`, unless told otherwise.
"""

from __future__ import annotations

from .config import CoreConfig

#: A sum is read, added to and written back in a pipeline this deep; a row of fewer cycles waits for it.
ROW_PIPELINE = 3
#: Cycles of a step beside its rows and its neurons: opening it, seeing its end, and emptying the neuron pipeline.
STEP_OVERHEAD = 14
#: Cycles of a step that a learning engine adds, beside `column_drain`: from the last neuron to the first column.
LEARNING_OVERHEAD = 2
#: Cycles by which columns that are walked for a reward or a fade begin later than those before them have been written.
REWARD_OVERHEAD = 1
#: Cycles of a column that is scaled beside its two walks, `scaling_cycles` and `column_drain`: the offer of each.
SCALE_OVERHEAD = 2
#: Cycles until the last weights of a column have come from shallow banks, were summed up, and divided the target.
FACTOR_CYCLES = 21
#: Cycles of a step in which neurons exclude one another, beside those of its second sweep: emptying the pipeline.
CONTEST_OVERHEAD = 12
#: Cycles of a step that extra axons add, beside one for each: emptying the pipeline that looks up their sources.
EXTRA_OVERHEAD = 4
#: Cycles of a sweep that draws events, beside one for each input axon: to begin it, to empty it, and for the end.
DRAW_OVERHEAD = 9
#: Cycles by which the first neuron of a step waits for its noise.
NOISE_STAGES = 3


def piece_cycles(config: CoreConfig) -> int:
    """Cycles that L synapses cost: with a single port, what learns is read in one cycle and written in another."""
    return 2 if config.learning and config.weight_ports == 1 else 1


def row_cycles(config: CoreConfig) -> int:
    """Cycles that one arriving spike costs, also if its synapses learn."""
    return max(config.neuron_blocks * piece_cycles(config), ROW_PIPELINE)


def column_cycles(config: CoreConfig) -> int:
    """Cycles that a change of all synapses onto one neuron costs."""
    return config.axon_blocks * piece_cycles(config)


def change_stages(config: CoreConfig) -> int:
    """Stages of the learning lanes by which changes come later than their synapses: 0, 1 with several rules, else 2.

    With rule rows each lane takes the rate of its row in the first, and an offset is taken off its trace. In the second
    comes a term; or, with eligibility or scaling, which product it is, that of a trace, for a reward, or of a weight.
    """
    return 2 if config.terms or config.eligibility or config.scaling else int(config.rules > 1)


def column_drain(config: CoreConfig) -> int:
    """Cycles that follow the last column of a step, until its weights have been written, also if there was none.

    Of the whole chip, not of the part in use.
    """
    return (9 if config.soft_bounds else 6) + change_stages(config) + config.bank_stages


def sum_stages(config: CoreConfig) -> int:
    """Stages in which the plastic weights of a piece of a column are added up: a choice, then a level for each bit."""
    return config.lanes.bit_length()


def scaling_cycles(config: CoreConfig) -> int:
    """Cycles from the end of a column that is added up for scaling until its factor is there; the whole chip's."""
    return sum_stages(config) + config.bank_stages + FACTOR_CYCLES


def neuron_spacing(config: CoreConfig) -> int:
    """Cycles that the update of one neuron costs, or of the trace of one axon.

    The two sums of a group of neurons are two words of one memory. With a single lane each neuron is a group.
    """
    return 2 if config.lanes == 1 else 1


def context_stages(config: CoreConfig) -> int:
    """Stages by which neurons wait for the product of a sum and the gain of a context."""
    return int(config.contexts > 1)


def slot_stages(config: CoreConfig) -> int:
    """Stages by which neurons are late: until their noise is there, or a product, see `context_stages`."""
    return NOISE_STAGES if config.noise else context_stages(config)


def sweep_cycles(config: CoreConfig) -> int:
    """Cycles in which neurons are updated, then extra axons looked up; beside them go traces of axons."""
    neurons = config.neurons * neuron_spacing(config) + slot_stages(config)
    if config.extra_axons:
        neurons += config.extra_axons + EXTRA_OVERHEAD
    traces = (config.inputs + config.extra_axons) * neuron_spacing(config) if config.learning else 0
    return max(neurons, traces)


def busy_cycles(
    config: CoreConfig,
    steps: int,
    arrivals: int,
    columns: int = 0,
    *,
    rewards: int = 0,
    scaled: int = 0,
    contests: int = 0,
    chip: CoreConfig | None = None,
) -> int:
    """Cycles in which the core works; waiting for the link comes on top and is counted apart.

    Parameters
    ----------
    config : CoreConfig
        Geometry of the chip, or of its part in use.
    steps, arrivals : int
        Steps, and axons that arrived in them.
    columns : int
        Columns that were walked, each in a step with `LearningFlag.ENABLE`: of neurons that learn from their spike,
        because one of their rules is without `LearningFlag.ERRORS`, or from their error, because one is with it. A
        neuron has at most one of these in a step. For a reward or a fade, one of each neuron that learns.
    rewards : int
        Steps in which at least one column was walked for a reward or a fade. These wait until the columns before them,
        perhaps of the same neurons, have been written.
    scaled : int
        Columns that were scaled, not among `columns`: one of each neuron that learns, in a step with `Control.SCALE`.
        Each is walked twice, to be added up and to be changed, one after the other.
    contests : int
        Steps that began with `Control.ONE_FIRES` other than 0. Neurons pass the pipeline twice in them.
    chip : CoreConfig, optional
        Geometry of the whole chip, where `config` is only the part in use. With deep banks a step takes
        `CoreConfig.bank_stages` cycles more before its neurons, for the sums of the last row, and as many after its
        columns.
    """
    chip = chip or config
    step = sweep_cycles(config) + STEP_OVERHEAD + chip.bank_stages
    if config.learning:
        step += LEARNING_OVERHEAD + column_drain(chip)
    waits = rewards * (REWARD_OVERHEAD + column_drain(chip))
    waits += scaled * (2 * column_cycles(config) + SCALE_OVERHEAD + scaling_cycles(chip) + column_drain(chip))
    waits += contests * (config.neurons * neuron_spacing(config) + slot_stages(chip) + CONTEST_OVERHEAD)
    return steps * step + arrivals * row_cycles(config) + columns * column_cycles(config) + waits


def draw_cycles(config: CoreConfig) -> int:
    """Cycles that a chip with patterns takes to draw the events of a step, most of them while it updates neurons.

    They are not among `busy_cycles`: what the core has to wait for them counts as `STALL_CYCLES`. Also of the first of
    several steps that are drawn one after the other.
    """
    return config.inputs + DRAW_OVERHEAD
