"""Input of a neuron in one step: injected currents, and the sum g of all that arrives."""

from amaranth.hdl import Module, Mux, Shape, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig
from neurocorex.spec.fixed import GAIN_BITS

from ..lib.delay import stages
from ..lib.memory import block_memory
from ..registers.extent import neuron_bits
from ..synapses.accumulator import sum_shape
from .pace import holds, neuron_stages
from .sweep import slot_layout


def drive_shape(config: CoreConfig) -> Shape:
    """Wide enough for both sums, shifted, and an injected current: nothing overflows."""
    shifted = config.accumulator_bits + (1 << GAIN_BITS) - 1
    return signed(max(shifted + 1, config.state_bits) + 1)


def injection_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of what a stimulus does to a neuron: a current, and whether it is to fire."""
    return data.StructLayout({"current": signed(config.state_bits), "forced": 1})


class Injection(wiring.Signature):
    """Graded or forced event, seen from the sequencer; not while neurons are in the pipeline.

    Members
    -------
    strobe : Out(1)
        There is one.
    index, payload : Out
        Its neuron, and what the event does to it, see `injection_layout`.
    """

    def __init__(self, config: CoreConfig) -> None:
        super().__init__({
            "strobe": Out(1),
            "index": Out(neuron_bits(config)),
            "payload": Out(injection_layout(config)),
        })  # fmt: skip


class InjectionMemory(wiring.Component):
    """Currents and spikes that graded and forced events inject, kept until their neurons are updated.

    They could be taken from the stimulus when their neurons come. But then a step that a frame leaves open would be
    half computed, and half its results would be in the wrong response.

    Members
    -------
    injection : In(Injection)
        An event.
    slot : In
        Neuron whose injection is taken, that is, it is zero afterwards.
    keep : In(1)
        Level, while a sweep passes: it stays; only with groups.
    injected : Out
        Its injection, `LATENCY` cycles later: when the sums of its weights are there.
    """

    LATENCY = 4

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "injection": In(Injection(config)),
            "slot": In(slot_layout(config)),
            "injected": Out(injection_layout(config)),
            **({"keep": In(1)} if config.groups else {}),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the memory."""
        m = Module()
        m.submodules.memory = memory = block_memory(injection_layout(self._config), self._config.neurons)
        event, read, write = self.injection, memory.read_port(), memory.write_port()
        # The numbers of the neurons wait before the memory: they are narrower than the currents behind it.
        behind = 0 if holds(self._config) else 1
        stage = self.LATENCY - behind
        valid = stages(m, self.slot.valid, stage, name="valid", reset_less=False)
        indices = neuron_stages(m, self.slot, valid, stage, self._config)
        taken = valid[-1] & ~self.keep if self._config.groups else valid[-1]
        m.d.comb += [
            self.injected.eq(stages(m, read.data, behind, name="injected")[-1]),
            read.addr.eq(indices[-2]),
            write.en.eq(event.strobe | taken),
            write.addr.eq(Mux(taken, indices[-1], event.index)),
            write.data.eq(Mux(taken, 0, event.payload.as_value())),
        ]
        return m


class Drive(wiring.Component):
    """All that arrives at a neuron: ``g = (input_sum << GAIN_INPUT) + (recurrent_sum << GAIN_RECURRENT) + x``, exact.

    Members
    -------
    input_sum : In
        Stage 0.
    recurrent_sum, injected : In
        Stage 1.
    gain_input, gain_recurrent : In
        Left shifts.
    drive : Out
        Stage `LATENCY`.
    """

    LATENCY = 3

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "input_sum": In(sum_shape(config)),
            "recurrent_sum": In(sum_shape(config)),
            "injected": In(signed(config.state_bits)),
            "gain_input": In(GAIN_BITS),
            "gain_recurrent": In(GAIN_BITS),
            "drive": Out(drive_shape(config)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the shifters and adders."""
        m = Module()
        shape = drive_shape(self._config)
        from_input, direct, from_recurrent, drive = (
            Signal(shape, name=name, reset_less=True) for name in ("from_input", "direct", "from_recurrent", "total")
        )
        m.d.sync += [
            from_input.eq(self.input_sum << self.gain_input),
            direct.eq(from_input + self.injected),
            from_recurrent.eq(self.recurrent_sum << self.gain_recurrent),
            drive.eq(direct + from_recurrent),
        ]
        m.d.comb += self.drive.eq(drive)
        return m
