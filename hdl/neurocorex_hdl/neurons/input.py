"""What comes to a neuron in one step."""

from amaranth.hdl import Module, Mux, Shape, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig
from neurocorex.spec.fixed import GAIN_BITS

from ..events.sweep import slot_layout
from ..lib.delay import stages
from ..lib.memory import index_bits, neuron_memory
from ..lib.slots import holds, neuron_stages
from ..synapses.accumulator import sum_shape


def drive_shape(config: CoreConfig) -> Shape:
    """Wide enough for both sums, shifted, and an injected current: nothing overflows."""
    shifted = config.accumulator_bits + (1 << GAIN_BITS) - 1
    return signed(max(shifted + 1, config.state_bits) + 1)


def injection_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of what a stimulus does to a neuron: a current, and whether it is to fire."""
    return data.StructLayout({"current": signed(config.state_bits), "forced": 1})


class Injection(wiring.Component):
    """What graded and forced events inject, until their neurons come by.

    They could be taken from the stimulus when their neurons come. But then a step that a frame leaves open would be
    half computed, and half its results would be in the wrong response.

    Members
    -------
    write, write_index, write_data : In
        An event. Not while neurons are in the pipeline.
    slot : In
        Neuron whose injection is taken, that is, it is zero afterwards.
    injected : Out
        Its injection, `LATENCY` cycles later: when the sums of its weights are there.
    """

    LATENCY = 4

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "write": In(1),
            "write_index": In(index_bits(config)),
            "write_data": In(injection_layout(config)),
            "slot": In(slot_layout(config)),
            "injected": Out(injection_layout(config)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the memory."""
        m = Module()
        m.submodules.memory = memory = neuron_memory(injection_layout(self._config), self._config)
        read, write = memory.read_port(), memory.write_port()
        # Before it is read the neurons wait, which are narrower than their currents.
        behind = 0 if holds(self._config) else 1
        stage = self.LATENCY - behind
        valid = stages(m, self.slot.valid, stage, name="valid", reset_less=False)
        indices = neuron_stages(m, self.slot, valid, stage, self._config)
        taken = valid[-1]
        m.d.comb += [
            self.injected.eq(stages(m, read.data, behind, name="injected")[-1]),
            read.addr.eq(indices[-2]),
            write.en.eq(self.write | taken),
            write.addr.eq(Mux(taken, indices[-1], self.write_index)),
            write.data.eq(Mux(taken, 0, self.write_data.as_value())),
        ]
        return m


class Drive(wiring.Component):
    """All that comes to a neuron: ``g = (input_sum << GAIN_INPUT) + (recurrent_sum << GAIN_RECURRENT) + x``, exact.

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
