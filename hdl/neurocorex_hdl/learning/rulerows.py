"""Changes by rule rows and terms: the rate, offset and term of its row for each synapse that is read."""

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, LearningFlag
from neurocorex.spec.rows import has_factors
from neurocorex.spec.timing import change_stages

from ..lib.arithmetic import plus, saturate, select
from ..lib.delay import stages
from ..registers.control import ControlValues
from ..registers.rules import rule_flags, rule_values, rules_layout
from ..synapses.access import column_members, piece_layout
from ..synapses.axons import AxonKind
from ..synapses.matrix import WeightMatrix
from .held import held_change, held_members
from .rates import rates_layout
from .rule import ERROR_FRACTION, amount_lanes, cause_bits, cause_lanes


def mark_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of what decides the rule of synapses onto a neuron: whether they learn, and their rule rows."""
    return data.StructLayout({"learns": 1, "rules": rules_layout(config)})


def kept_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of what is kept of a neuron for the rows: its trace, and its mark."""
    return data.StructLayout({"trace": cause_bits(config), "mark": mark_layout(config)})


def rule_lanes(config: CoreConfig) -> data.ArrayLayout:
    """For each lane, the rule row of a synapse, and whether that `acts`: it learns, and by what happens."""
    return data.ArrayLayout(data.StructLayout({"row": config.rule_bits, "acts": 1}), config.lanes)


def rule_of(piece: data.View, config: CoreConfig) -> Value:
    """Rule row of a piece of a column, of no bits where there is one row."""
    return piece.rule if config.rules > 1 else Const(0, 0)


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
    B + 2     term is added; with eligibility or scaling, the choice between P and that of a reward or of scaling
    ========  ==============================================================================

    With eligibility or scaling P comes at B + 2, too, and in a walk for a reward the same multipliers give
    ``P = sat_C(eligibility * REWARD)``, and in scaling ``P = sat_C(floor(weight * K / 16))``.

    B is `WeightMatrix.latency`. In a row of the matrix, each lane has the rule of its neuron, whose rate is DEPRESSION,
    and offset is 0. A piece of a column has one rule, whose rate is POTENTIATION, or the product of that and the error.

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
    held, factor, multiplies, scales : In
        At stage B, see `held_members`.
    rules : Out
        See `rule_lanes`; at stage B. In a column all act, as far as this is concerned.
    amounts : Out
        P at stage B + `change_stages`.
    """

    @staticmethod
    def ready(config: CoreConfig) -> int:
        """Stage at which traces come: B - 1."""
        return WeightMatrix.latency(config) - 1

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        self._ready = self.ready(config)
        super().__init__({
            "control": In(ControlValues(config)),
            "rates": In(rates_layout(config)),
            "piece": In(piece_layout(config)),
            **{name: member.flip() for name, member in column_members(config).items()},
            "marks": In(data.ArrayLayout(mark_layout(config), config.lanes)),
            "traces": In(cause_lanes(config)),
            "rules": Out(rule_lanes(config)),
            "amounts": Out(amount_lanes(config)),
            **held_members(config),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the choices of rows, and the multipliers with registers before and behind them."""
        m = Module()
        config, ready = self._config, self._ready
        pieces = stages(m, self.piece, ready + 1, name="piece")
        rows = self._find_rows(m, pieces)
        teaches: Value = Const(0, 1)
        if config.errors:
            flags = rule_flags(self.control, LearningFlag.ERRORS, config)
            teaches = self._of_piece(m, pieces, ready, flags, "teaches")
        column, column_rate = pieces[ready].place.column, self._column_rate(m, pieces, teaches)
        offset: Value = Const(0, 1)
        if config.terms:
            offsets = rule_values(self.control, "offset", config)
            offset = Mux(column, self._of_piece(m, pieces, ready, offsets, "offset"), 0)
        depressions = rule_values(self.rates, "depression", config)
        products = []
        for lane in range(config.lanes):
            trace = Signal(signed(config.trace_bits + 1), name=f"trace_{lane}", reset_less=True)
            rate = Signal(signed(config.change_bits), name=f"rate_{lane}", reset_less=True)
            m.d.sync += [
                trace.eq(self.traces[lane] - offset),
                rate.eq(Mux(column, column_rate, select(depressions, rows[lane]))),
            ]
            cause, factor = trace, rate
            if has_factors(config):
                cause = Mux(self.multiplies, self.held[lane], trace)
                factor = Mux(self.multiplies, self.factor, rate)
            products.append(stages(m, cause * factor, 1, name=f"product_{lane}")[1])
        self._finish(m, pieces, teaches, products)
        return m

    def _of_piece(self, m: Module, pieces: list[data.View], stage: int, values: list[Value], name: str) -> Value:
        """Of a value for each rule row, return that of the row of a column's piece, from a register at a stage."""
        chosen = Signal(values[0].shape(), name=name, reset_less=True)
        m.d.sync += chosen.eq(select(values, rule_of(pieces[stage - 1], self._config)))
        return chosen

    def _find_rows(self, m: Module, pieces: list[data.View]) -> list[Value]:
        """Find the rule row of each lane, and whether it acts; return the rows at stage B - 1."""
        config, there, column = self._config, pieces[self._ready - 1], pieces[self._ready].place.column
        by_errors = rule_flags(self.control, LearningFlag.ERRORS, config)
        rows: list[Value] = []
        for lane in range(config.lanes):
            mark, rule = self.marks[lane], self.rules[lane]
            row = Signal(config.rule_bits, name=f"row_{lane}", reset_less=True)
            learns = Signal(name=f"learns_{lane}", reset_less=True)
            of_neuron = Mux(there.kind == AxonKind.INPUT, mark.rules.inputs, mark.rules.others)
            m.d.sync += [
                row.eq(Mux(there.place.column, rule_of(there, config), of_neuron)),
                learns.eq(there.place.column | mark.learns),
                rule.row.eq(row),
                rule.acts.eq(learns & (column | ~(select(by_errors, row) & config.errors))),
            ]
            rows.append(row)
        return rows

    def _column_rate(self, m: Module, pieces: list[data.View], teaches: Value) -> Value:
        """Return the rate of a piece of a column, combinational at stage B - 1."""
        config, ready = self._config, self._ready
        potentiations = rule_values(self.rates, "potentiation", config)
        if not config.errors:
            return self._of_piece(m, pieces, ready, potentiations, "potentiation")
        rate = self._of_piece(m, pieces, ready - 1, potentiations, "potentiation")
        error = stages(m, self.error, ready - 1, name="error")[-1]
        product = stages(m, rate * error, 1, name="error_product")[1]
        scaled, _ = saturate((product >> ERROR_FRACTION).as_signed(), config.change_bits)
        return Mux(teaches, scaled, stages(m, rate, 1, name="rate_late")[1])

    def _finish(self, m: Module, pieces: list[data.View], teaches: Value, products: list[Value]) -> None:
        """Make amounts of the products of stage B + 1: a term is added, or they are those of what synapses hold."""
        config, ready = self._config, self._ready
        column_term: Value = Const(0, 1)
        if config.terms:
            post = self._of_piece(m, pieces, ready + 1, rule_values(self.rates, "post_only", config), "post_only")
            taught = stages(m, teaches, 1, name="taught")[1]
            column_term = Mux(taught, 0, post)
        for lane, product in enumerate(products):
            amount, whole, half = self.amounts[lane], product >> config.trace_bits, product[config.trace_bits - 1]
            if config.terms:
                term = Signal(signed(config.change_bits), name=f"term_{lane}", reset_less=True)
                pre = select(rule_values(self.rates, "pre_only", config), self.rules[lane].row)
                m.d.sync += term.eq(Mux(pieces[ready + 1].place.column, column_term, pre))
                whole, half = saturate(plus(whole, term, half), config.change_bits)[0], Const(0, 1)
            if has_factors(config):
                whole = Mux(self.multiplies, held_change(self, product, config), whole)
                half = half & ~self.multiplies
            late = change_stages(config) - 1
            m.d.comb += [
                amount.floor.eq(stages(m, whole, late, name=f"floor_{lane}")[-1]),
                amount.half.eq(stages(m, half, late, name=f"half_{lane}")[-1]),
            ]
