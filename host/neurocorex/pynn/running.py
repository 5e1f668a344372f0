"""Run of the PyNN backend: the network on a device, its stimulus by pieces of time, and what is recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..device.open import open_device
from ..events.stream import EventStream
from ..quantiser.demand import smallest_config
from ..quantiser.inputs import require_axons
from ..quantiser.populations import scales_of
from ..quantiser.quantise import Report, quantise
from ..spec import CoreConfig, Region
from .blueprint import Blueprint
from .carried import Carried
from .currents import Injection
from .simulator import State
from .sources import Emitter

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: Steps that run at a time, so that a long run needs no more memory than what it records.
PIECE = 20_000
#: Widest weights, states and traces that can be built: what chips of software get, so that little is rounded.
WIDEST: dict[str, Any] = {"weight_bits": 16, "state_bits": 24}


class Held(NamedTuple):
    """What the device holds.

    Attributes
    ----------
    plan : Blueprint
        The network.
    injection : Injection
        Its injected currents.
    scales : float array [N]
        Units of the chip per unit of the network, for each neuron.
    """

    plan: Blueprint
    injection: Injection
    scales: Floats

    def millivolts(self, items: NDArray[Any], neurons: Ints) -> Floats:
        """Return membranes [..., K] of some neurons in mV."""
        cells = self.plan.cells
        return np.asarray(items / self.scales[neurons] * cells.unit_mv[neurons] + cells.rest_mv[neurons])


class Run:
    """Network of a script on a device.

    Parameters
    ----------
    state : State
        What the script has made.

    Attributes
    ----------
    report : Report or None
        Of the network that was loaded last.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self.report: Report | None = None
        options = state.options
        self._device = open_device(options.device, config=options.config, **(options.open_options or {}))
        self._emitters: dict[Any, Emitter] = {}
        self._held: Held | None = None
        self._learned: tuple[int, Floats] | None = None

    def close(self) -> None:
        """Release the device."""
        self._device.close()

    def restart(self) -> None:
        """Begin at time 0 with the next step."""
        self._held = self._learned = None
        for emitter in self._emitters.values():
            emitter.restart()

    def weights_of(self, projection: Any) -> NDArray[np.float64] | None:
        """Return the weights of a projection that learns, in units of PyNN; None if the chip does not hold it."""
        projections = self._state.projections
        if self._held is None or (place := projections.index(projection)) >= len(self._held.plan.rows):
            return None
        plan = self._held.plan
        if self._learned is None or self._learned[0] != self._state.step:
            self._learned = self._state.step, self._device.weights()
        return np.asarray(self._learned[1][plan.rows[place], plan.links[place].post])

    def advance(self, steps: int) -> None:
        """Run for some steps."""
        state = self._state
        if any(not each.is_source for each in state.populations) and (state.changed or self._held is None):
            self._load()
        state.running, state.changed = True, False
        self._note_membranes()
        while steps:
            count = min(steps, PIECE)
            self._piece(count)
            steps -= count

    # Loading -----------------------------------------------------------------------------------

    def _load(self) -> None:
        """Put the network onto the device, with the state that it has."""
        state = self._state
        held = self._held
        carried = None if held is None else Carried.of(self._device, held.plan, held.scales)
        for projection in state.projections:
            if projection.is_plastic and (learned := self.weights_of(projection)) is not None:
                projection.keep(learned)
        plan = Blueprint(state)
        injection = Injection(state, plan.cells, None if held is None else held.injection)
        room = np.maximum(injection.largest, plan.room())
        image, self.report = quantise(plan.net, self._config(plan), populations=plan.populations, inject_max=room)
        self._device.load(image)
        scales = scales_of(image)[: plan.cells.count]
        injection.scale(scales, image.regions[Region.CURRENT_DECAY][: plan.cells.count])
        (carried or Carried.at_first(plan)).put(self._device, plan, scales)
        self._held, self._learned = Held(plan, injection, scales), None
        for projection in state.projections:
            projection.loaded()
        for population in state.populations:
            population.forget()

    def _config(self, plan: Blueprint) -> CoreConfig:
        """Return the geometry to make integers for."""
        net = plan.net
        if self._device.elastic:
            smallest = smallest_config(net)
            return replace(smallest, **WIDEST, trace_bits=16 if smallest.learning else smallest.trace_bits)
        room = self._device.config
        require_axons(net, room.inputs)
        return replace(room, inputs=net.input_count, neurons=net.neuron_count)

    # Running -----------------------------------------------------------------------------------

    def _piece(self, count: int) -> None:
        """Run some steps at once."""
        state, start = self._state, self._state.step
        self._emit(start, count)
        if self._held is not None:
            stream = self._stream(self._held, start, count)
            result = self._device.run(spikes=stream, record=self._wanted(), units="chip")
            self._keep(self._held, result, start)
        state.step += count

    def _emit(self, start: int, count: int) -> None:
        """Let the sources spike."""
        latest = max((delay for _, delay in self._held.plan.inputs), default=0) if self._held else 0
        for place, population in enumerate(self._state.populations):
            if not population.is_source:
                continue
            seed = (self._state.options.seed, 1, place)
            emitter = self._emitters.setdefault(population, Emitter(population, seed))
            steps, cells = emitter.emit(start, count, self._state.dt)
            emitter.forget_before(start - latest)
            recorded = np.isin(cells, population.recorder.places("spikes"))
            population.recorder.add_spikes(steps[recorded], cells[recorded])

    def _stream(self, held: Held, start: int, count: int) -> EventStream:
        """Return the stimulus of some steps."""
        plan = held.plan
        spikes = [(emitter.steps, emitter.cells + population.first) for population, emitter in self._emitters.items()]
        empty = np.empty(0, np.int64)
        step, source = (np.concatenate([empty, *(pair[k] for pair in spikes)]) for k in (0, 1))
        arrivals = [empty], [empty]
        for delay in sorted({delay for _, delay in plan.inputs}):
            index = np.full(len(self._state.number), -1)
            for place, (number, steps) in enumerate(plan.inputs):
                if steps == delay:
                    index[number] = place
            at = step + delay - start
            chosen = (at >= 0) & (at < count) & (index[source] >= 0)
            arrivals[0].append(at[chosen])
            arrivals[1].append(index[source[chosen]])
        when, what = (np.concatenate(column) for column in arrivals)
        order = np.lexsort((what, when))
        return EventStream(count, when[order], what[order], *held.injection.events(start, count))

    # Recording ---------------------------------------------------------------------------------

    def _neurons(self) -> list[Any]:
        return [each for each in self._state.populations if not each.is_source]

    def _wanted(self) -> dict[str, Ints]:
        return {
            name: np.concatenate([each.first + each.recorder.places(name) for each in self._neurons()])
            for name in ("spikes", "v")
        }

    def _note_membranes(self) -> None:
        """Have each membrane that is recorded from now on begin with its value now."""
        held, items = self._held, None
        if held is None:
            return
        for population in self._neurons():
            fresh = population.recorder.fresh()
            if fresh.size:
                items = self._device.read(Region.MEMBRANE) if items is None else items
                neurons = population.first + fresh
                population.recorder.add_membranes(
                    self._state.step, fresh, held.millivolts(items[neurons], neurons)[np.newaxis]
                )

    def _keep(self, held: Held, result: Any, start: int) -> None:
        """Hand what was recorded to the recorders."""
        for population in self._neurons():
            first, last = population.first, population.first + population.size
            mine = (result.spike_neurons >= first) & (result.spike_neurons < last)
            # A neuron crosses its threshold at the end of the step, where the next one begins.
            population.recorder.add_spikes(start + result.spike_times[mine] + 1, result.spike_neurons[mine] - first)
            columns = (result.v_neurons >= first) & (result.v_neurons < last)
            if columns.any():
                neurons = result.v_neurons[columns]
                population.recorder.add_membranes(
                    start + 1, neurons - first, held.millivolts(result.v_items[:, columns], neurons)
                )
