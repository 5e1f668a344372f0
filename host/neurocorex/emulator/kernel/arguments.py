"""Arguments of the kernel: arrays of a core, of its learning engine, of a stimulus, and of results; see `block`."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...events.arrays import Ints
from .constants import CHOSEN, COLUMNS, REGISTERS, ROWS

Narrow = npt.NDArray[np.int32]
Doubles = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint32]
Weights = npt.NDArray[np.int8] | npt.NDArray[np.int16]
#: Wide enough for the sum of two weights.
Moves = npt.NDArray[np.int16] | npt.NDArray[np.int32]


class Sizes(NamedTuple):
    """Geometry of a core, see `CoreConfig`, and how far one call goes."""

    inputs: int
    neurons: int
    weight_bits: int
    state_bits: int
    max_delay: int
    adapts: bool
    soft_bounds: bool
    trace_bits: int
    window_steps: int
    """0 for exponential traces."""
    rule_bits: int
    contexts: int
    tally_bits: int
    """0 if spikes are not counted."""
    noise: bool
    steps: int
    """Of the stimulus."""
    budget: int
    """Updates of neurons and synapses after which the call returns."""
    settles: bool
    """Whether weights are brought up to date at the end, see `drift`."""


class Core(NamedTuple):
    """Memories of a core, and what follows from its parameters alone.

    Attributes
    ----------
    neurons : int32 array [NEURON_ROWS, N]
        Parameters and state.
    history : int64 array [N]
        Last steps of each neuron, up to date between calls.
    control, control_bits : int64 array
        Control registers and their widths.
    weights : int8 or int16 array [A * N]
        Row by row.
    keep_membrane, keep_current : float64 array [N]
        What a step leaves of a membrane and of a current, as a factor.
    context_bias, context_gain : int32 array [contexts, N]
        By context: what is added to the biases, and factors of the sums over axons of neurons; without items on a chip
        that has no contexts.
    axon_start : int64 array [N + 1], axon : int64 array, axon_delay : int64 array
        Axons that carry the spikes of neuron j, counted behind the inputs, and their delays: items ``axon_start[j]`` to
        ``axon_start[j + 1]``. Silent ones are not among them.
    now : int64 array [1], most, most_count : int64 array [G + 1]
        Number of the step for tallies, and neurons with most spikes; without items on a chip that has none.
    noisy : int64 array [K], noise_word : uint32 array [K], noise : float64 array [K]
        Neurons that have noise, what their draws begin with, and `Region.NOISE` over 65536.
    """

    neurons: Narrow
    history: Ints
    control: Ints
    control_bits: Ints
    weights: Weights
    keep_membrane: Doubles
    keep_current: Doubles
    context_bias: Narrow
    context_gain: Narrow
    axon_start: Ints
    axon: Ints
    axon_delay: Ints
    now: Ints
    most: Ints
    most_count: Ints
    noisy: Ints
    noise_word: Words
    noise: Doubles


class Learner(NamedTuple):
    """Memories of a learning engine; all without items on a chip that has none.

    Attributes
    ----------
    plastic : uint8 array [A * N]
        1 where a synapse learns.
    kinds : uint8 array [A]
        Whether none, some, or all synapses of a row learn.
    numbers : int64 array [A]
        Of the axons, where draws depend on them.
    axon_codes, neuron_codes : int32 array [A], [N]
        Their codes in draws.
    pre, post : int32 array [A], [N]
        Traces.
    pre_table, post_table : int64 array
        Changes by trace, for windows; empty with exponential traces. For long ones in two parts, see docs/model.md.
    eligibility : int8 or int16 array [A * N]
        Changes that wait for a reward; empty on a chip without them.
    """

    plastic: Bytes
    kinds: Bytes
    numbers: Ints
    axon_codes: Narrow
    neuron_codes: Narrow
    pre: Narrow
    post: Narrow
    pre_table: Ints
    post_table: Ints
    eligibility: Weights


class Feedback(NamedTuple):
    """Feedback axons, room for what they bring, and winners; without items on a chip that has no errors nor groups.

    Attributes
    ----------
    axons : uint8 array [A]
        1 for those that bring errors.
    brought : int32 array [N]
        Errors of one step.
    factors : int64 array [N]
        F of each column that is walked in a lesson.
    first : int64 array [G + 1]
        Neurons that were the first to fire: of all groups, and of each; without items on a chip that has no groups.
    best : int64 array [G + 1]
        Of neurons that exclude one another, the one that fires: of those of no group, and of each.
    """

    axons: Bytes
    brought: Narrow
    factors: Ints
    first: Ints
    best: Ints


class RuleRows(NamedTuple):
    """Room for what neurons take from rule rows, see `rulerows`; without items on a chip that has one and no terms.

    Attributes
    ----------
    chosen : int32 array [2 * CHOSEN, N]
        Of each side: what the row of each neuron holds.
    called : int32 array [ROWS, A]
        P of a spike, by row and axon.
    spiked, erred, factors : int64 array [2, N]
        Of each side: neurons whose synapses change by their spike, those by their error, and F of these.
    spikes, errors : int64 array [2]
        How many there are.
    """

    chosen: Narrow
    called: Narrow
    spiked: Ints
    erred: Ints
    factors: Ints
    spikes: Ints
    errors: Ints

    @classmethod
    def of(cls, neurons: int, axons: int) -> "RuleRows":
        """Make room for so many neurons and axons."""
        return cls(
            chosen=np.zeros((2 * CHOSEN, neurons), np.int32), called=np.zeros((ROWS, axons), np.int32),
            spiked=np.zeros((2, neurons), np.int64), erred=np.zeros((2, neurons), np.int64),
            factors=np.zeros((2, neurons), np.int64), spikes=np.zeros(2, np.int64), errors=np.zeros(2, np.int64),
        )  # fmt: skip


class Stimulus(NamedTuple):
    """The columns of an `EventStream`."""

    event_step: Ints
    event_index: Ints
    graded_step: Ints
    graded_index: Ints
    graded_value: Ints
    graded_forced: Ints
    change_step: Ints
    change_register: Ints
    change_value: Ints


class Output(NamedTuple):
    """Results of one call.

    Attributes
    ----------
    fired_step, fired_neuron : int64 array
        Room for spikes.
    watched : int64 array [K], membranes : int64 array [steps, K]
        Neurons of which membranes are recorded, and these.
    counts : int64 array [TALLIES]
        Added to the counters; then columns of the matrix that were walked, steps in which that was for a reward,
        columns that were scaled, and steps with a contest.
    position : int64 array [5]
        Step, places in the three tables of the stimulus, and spikes put out; moved on.
    """

    fired_step: Ints
    fired_neuron: Ints
    watched: Ints
    membranes: Ints
    counts: Ints
    position: Ints


class Scratch(NamedTuple):
    """Room for values that do not outlive a call, as the kernel allocates nothing; `Scratch.of` makes it.

    Attributes
    ----------
    ones : float64 array [N]
        Factors that keep all of a value.
    marks : uint8 array, words : int64 array
        The same memory, by neurons and by eight neurons.
    due : int64 array [D, axons of neurons and extra ones / 64]
        Spikes in flight, see `spikes`.
    excess : int32 array [N]
        Membranes above their limits; without items on a chip that has no groups.
    bias : int32 array [N]
        Biases in the context that is in force; without items on a chip that has no contexts.
    before : int32 array [4, N]
        State of a step ago, where the network may be at rest.
    total : int64 array [1], seen : int64 array [A]
        Drift that is put off, and how much of it each row has seen, see `drift`.
    moves : int16 or int32 array [N]
        Whole weights by which synapses onto each neuron change, the narrower where weights are of a byte.
    uncounted : int64 array [COLUMNS]
        Counters of what is not counted.
    """

    ones: Doubles
    rules: Ints
    g: Narrow
    noise: Narrow
    added: Narrow
    limit: Narrow
    excess: Narrow
    bias: Narrow
    held: Narrow
    marks: Bytes
    words: Ints
    fired: Ints
    rows: Ints
    due: Ints
    before: Narrow
    learns: Bytes
    randoms: Ints
    pre_change: Narrow
    post_change: Narrow
    pre_before: Narrow
    post_before: Narrow
    pre_table: Ints
    post_table: Ints
    total: Ints
    seen: Ints
    moves: Moves
    uncounted: Ints

    @classmethod
    def of(cls, sizes: Sizes, learner: Learner, axons: int, *, groups: bool) -> "Scratch":
        """Make room for calls with these arguments."""
        n, learning_axons, learning_neurons = sizes.neurons, learner.pre.size, learner.post.size
        words, narrow = np.zeros((n + 7) // 8, np.int64), sizes.weight_bits <= 8
        return cls(
            ones=np.ones(n), rules=np.zeros(REGISTERS, np.int64),
            g=np.zeros(n, np.int32), noise=np.zeros(n * sizes.noise, np.int32),
            added=np.zeros(n, np.int32), limit=np.zeros(n, np.int32),
            excess=np.zeros(n * groups, np.int32), bias=np.zeros(n * (sizes.contexts > 1), np.int32),
            held=np.zeros(n, np.int32), marks=words.view(np.uint8), words=words, fired=np.zeros(n, np.int64),
            rows=np.zeros(axons, np.int64),
            due=np.zeros((sizes.max_delay, (axons - sizes.inputs + 63) // 64), np.int64),
            before=np.zeros((4, n), np.int32),
            learns=np.zeros(learning_neurons, np.uint8), randoms=np.zeros(learning_neurons, np.int64),
            pre_change=np.zeros(learning_axons, np.int32), post_change=np.zeros(learning_neurons, np.int32),
            pre_before=np.zeros(learning_axons, np.int32), post_before=np.zeros(learning_neurons, np.int32),
            pre_table=np.zeros_like(learner.pre_table), post_table=np.zeros_like(learner.post_table),
            total=np.zeros(1, np.int64), seen=np.zeros(learning_axons, np.int64),
            moves=np.zeros(learning_neurons, np.int16) if narrow else np.zeros(learning_neurons, np.int32),
            uncounted=np.zeros(COLUMNS, np.int64),
        )  # fmt: skip
