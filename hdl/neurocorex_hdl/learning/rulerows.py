"""Changes by rule rows and terms: the rate, offset and term of its row for each synapse that is read."""

from collections.abc import Sequence

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, LearningFlag
from neurocorex.spec.registers import RULE_ROWS

from ..lib.arithmetic import plus, saturate, select
from ..lib.delay import stages
from ..registers.control import ControlValues
from ..registers.rulerows import rule_flags, rule_values, rules_layout
from ..synapses.access import column_members, piece_layout
from ..synapses.axons import AxonKind
from ..synapses.matrix import WeightMatrix
from .rates import rates_layout
from .rule import ERROR_FRACTION, amount_lanes, cause_lanes


def mark_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of what is kept beside the trace of a neuron: whether it learns, and its rule rows."""
    return data.StructLayout({"learns": 1, "rules": rules_layout(config)})


def synapse_rule_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of the rule row of a synapse, and whether what happens concerns it: all of a column, so far."""
    return data.StructLayout({"row": config.rule_bits, "acts": 1})


class RuleRowChange(wiring.Component):
    """Changes where a chip has several rule rows, or terms, in each lane.

    ::

        P = sat_C(floor(((trace - offset) * rate + 2^(T-1)) / 2^T) + term)

    ========  ==============================================================================
    stage     operation
    ========  ==============================================================================
    B - 2     marks of neurons; in a column rate * error, if there are errors
    B - 1     traces; the row of each lane
    B         trace - offset, rate of each lane
    B + 1     product; without terms this is P
    B + 2     term is added
    ========  ==============================================================================

    B is `WeightMatrix.latency`. In a row of the matrix, each lane has the rule of its neuron; rate is that of DEPRESSION,
    and offset is 0. A piece of a column has one rule, and its rate is that of POTENTIATION, or the product of that and
    the error.

    Members
    -------
    control : In(ControlValues)
        Flags and offsets.
    rates : In
        Modulated rates and terms.
    piece : In
        Synapses that are wanted, at stage 0.
    error, fired, erred : In
        As `column_members` has them, at stage 0.
    marks : In
        Marks of the neurons of a row, at stage B - 2.
    traces : In
        Traces of the neurons of a row, or of the axons of a column, at stage B - 1.
    rules : Out
        See `synapse_rule_layout`, for each lane at stage B.
    amounts : Out
        P at stage B + `change_stages`.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        # Stage at which traces come.
        self._ready = WeightMatrix.latency(config) - 1
        super().__init__({
            "control": In(ControlValues(config)),
            "rates": In(rates_layout(config)),
            "piece": In(piece_layout(config)),
            **{name: member.flip() for name, member in column_members(config).items()},
            "marks": In(data.ArrayLayout(mark_layout(config), config.lanes)),
            "traces": In(cause_lanes(config)),
            "rules": Out(data.ArrayLayout(synapse_rule_layout(config), config.lanes)),
            "amounts": Out(amount_lanes(config)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the choices of rows, and the multipliers with registers before and behind them."""
        m = Module()
        config, ready = self._config, self._ready
        pieces = stages(m, self.piece, ready + 1, name="piece")
        rows = self._find_rows(m, pieces)
        column, rate = pieces[ready].place.column, self._column_rate(m, pieces)
        offset = Mux(column, self._of_piece(m, pieces, ready, "offset"), 0) if config.terms else Const(0, 1)
        depressions = rule_values(self.rates, "depression", config)
        for lane in range(config.lanes):
            trace = Signal(signed(config.trace_bits + 1), name=f"trace_{lane}", reset_less=True)
            factor = Signal(signed(config.change_bits), name=f"factor_{lane}", reset_less=True)
            m.d.sync += [
                trace.eq(self.traces[lane] - offset),
                factor.eq(Mux(column, rate, select(depressions, rows[lane]))),
            ]
            product = stages(m, trace * factor, 1, name=f"product_{lane}")[1]
            whole, half = product >> config.trace_bits, product[config.trace_bits - 1]
            if config.terms:
                total, _ = saturate(plus(whole, terms[lane], half), config.change_bits)
                m.d.sync += self.amounts[lane].floor.eq(total)
            else:
                m.d.comb += [self.amounts[lane].floor.eq(whole), self.amounts[lane].half.eq(half)]
        return m
