"""Input of a neuron in one step: injected currents, and the sum g of all that arrives."""

from amaranth.hdl import Module, Mux, Shape, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, Region
from neurocorex.spec.fixed import CONTEXT_GAIN_ONE, GAIN_BITS
from neurocorex.spec.timing import context_stages

from ..lib.delay import stages
from ..lib.memory import block_memory
from ..registers.extent import neuron_bits
from ..registers.region import region_shape
from ..synapses.accumulator import sum_shape
from .pace import holds, neuron_stages
from .sweep import slot_layout

#: Bits behind the point of the gain of a context.
_FRACTION = CONTEXT_GAIN_ONE.bit_length() - 1


def drive_shape(config: CoreConfig) -> Shape:
    """Wide enough for both sums, shifted and times a gain, and an injected current: nothing overflows."""
    shifted = config.accumulator_bits + (1 << GAIN_BITS) - 1
    if config.contexts > 1:
        shifted += region_shape(Region.CONTEXT_GAIN, config).width - _FRACTION
    return signed(max(shifted + 1, injected_shape(config).width) + 1)


def injected_shape(config: CoreConfig) -> Shape:
    """Wide enough for an injected current, and the noise of a neuron that has any."""
    return signed(config.state_bits + config.noise)


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

    With contexts it is ``floor((recurrent_sum << GAIN_RECURRENT) * cg / 256)``, which takes a stage more: the sum is
    multiplied first, as it is narrower so.

    Members
    -------
    input_sum : In
        Stage 0.
    recurrent_sum : In
        Stage 1.
    context_gain : In
        cg; stage 1, only with contexts.
    injected : In
        x, and the noise of the neuron; stage 1; with contexts 2.
    gain_input, gain_recurrent : In
        Left shifts.
    drive : Out
        Stage ``latency(config)``.
    """

    @staticmethod
    def latency(config: CoreConfig) -> int:
        """Stages from the sum over inputs to the drive."""
        return 3 + context_stages(config)

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "input_sum": In(sum_shape(config)),
            "recurrent_sum": In(sum_shape(config)),
            "injected": In(injected_shape(config)),
            "gain_input": In(GAIN_BITS),
            "gain_recurrent": In(GAIN_BITS),
            "drive": Out(drive_shape(config)),
            **({"context_gain": In(region_shape(Region.CONTEXT_GAIN, config))} if config.contexts > 1 else {}),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the shifters and adders."""
        m = Module()
        shape = drive_shape(self._config)
        from_input, direct, from_recurrent, drive = (
            Signal(shape, name=name, reset_less=True) for name in ("from_input", "direct", "from_recurrent", "total")
        )
        shifted = self.recurrent_sum << self.gain_recurrent
        if self._config.contexts > 1:
            product = stages(m, self.recurrent_sum * self.context_gain, 1, name="product")[1]
            shifted = (product << self.gain_recurrent) >> _FRACTION
        m.d.sync += [
            from_input.eq(self.input_sum << self.gain_input),
            direct.eq(stages(m, from_input, context_stages(self._config), name="from_input")[-1] + self.injected),
            from_recurrent.eq(shifted),
            drive.eq(direct + from_recurrent),
        ]
        m.d.comb += self.drive.eq(drive)
        return m
