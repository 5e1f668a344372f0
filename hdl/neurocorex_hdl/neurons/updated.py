"""What leaves the neuron pipeline: a neuron that has been updated, and the record of it."""

from amaranth.hdl import signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import Out
from neurocorex.spec import CoreConfig, Region

from ..registers.extent import neuron_bits
from ..registers.region import region_shape
from ..registers.rules import mixes, rules_layout
from .sweep import slot_layout


def record_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of a record: what a step did to a neuron that is recorded.

    Either it `fired`, or its membrane is `watched`, or both; or it is the `last` of its step, and perhaps nothing else.
    """
    return data.StructLayout({
        "neuron": neuron_bits(config),
        "fired": 1,
        "watched": 1,
        "membrane": signed(config.state_bits),
        "last": 1,
    })  # fmt: skip


class UpdatedNeuron(wiring.Signature):
    """A neuron that leaves the pipeline, seen from the pipeline.

    Members
    -------
    slot : Out
        Which one, and in which sweep.
    fired : Out(1)
        It fired, in an update.
    history : Out
        When it fired.
    arrives : Out(1)
        Its axon arrives in the next step.
    learns : Out(1)
        The synapses onto it learn, if learning is enabled; only with a learning engine.
    error : Out
        What feedback axons have brought to it since the last `LEARN`; only with errors, as `errs`.
    errs : Out(1)
        That calls for changes, in an update.
    scales : Out(1)
        Its synapses are to be scaled if they learn; only with scaling.
    rules : Out
        Rule rows of its synapses, see `rules_layout`; only with several rows.
    by_spikes, by_errors : Out(1)
        One of these rows goes by spikes, and one by errors; only with errors, too.
    """

    def __init__(self, config: CoreConfig) -> None:
        super().__init__({
            "slot": Out(slot_layout(config)),
            "fired": Out(1),
            "history": Out(config.max_delay),
            "arrives": Out(1),
            **({"learns": Out(1)} if config.learning else {}),
            **({"error": Out(region_shape(Region.ERROR, config)), "errs": Out(1)} if config.errors else {}),
            **({"scales": Out(1)} if config.scaling else {}),
            **({"rules": Out(rules_layout(config))} if config.rules > 1 else {}),
            **({"by_spikes": Out(1), "by_errors": Out(1)} if mixes(config) else {}),
        })  # fmt: skip
