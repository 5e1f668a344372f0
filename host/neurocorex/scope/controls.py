"""Controls of the page: rate and pattern of the inputs, modulation, learning, pause, steps and snapshots."""

from __future__ import annotations

from typing import Any

from bokeh.layouts import column, row
from bokeh.models.widgets.buttons import Button, Toggle
from bokeh.models.widgets.inputs import Select
from bokeh.models.widgets.markups import Div
from bokeh.models.widgets.sliders import Slider

from .runner import Runner
from .stimulus import RATE_LIMIT_HZ

#: Largest factor of changes of weights that the slider offers.
MODULATION_LIMIT = 4.0
#: Steps of the rate, in spikes per second.
_RATE_STEP = 5.0


class Controls:
    """Controls of one page. What another page changes is shown here as well.

    Parameters
    ----------
    runner : Runner
        What they act upon, between two blocks.

    Attributes
    ----------
    layout
        The model with all of them.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._shown: tuple[Any, ...] = ()
        self.rate = Slider(
            name="rate", title="Rate of an input (spikes/s)", start=0, end=RATE_LIMIT_HZ / 2, step=_RATE_STEP, value=0,
            width=230,
        )  # fmt: skip
        self.pattern = Select(
            name="pattern", title="Pattern of the inputs", options=list[Any](runner.patterns), width=150
        )
        self.modulation = Slider(
            name="modulation", title="Modulation of learning (factor)", start=-MODULATION_LIMIT, end=MODULATION_LIMIT,
            step=0.25, value=1, width=230, disabled=not runner.learns,
        )  # fmt: skip
        self.learning = Toggle(name="learning", width=110, disabled=not runner.learns)
        self.pause = Toggle(name="pause", width=90)
        step = Button(name="step", label="Step", width=80)
        block = Button(name="block", label=f"Step {runner.settings.block_ms:g} ms", width=100)
        snapshot = Button(name="snapshot", label="Snapshot", width=100)
        self.show()
        self.rate.on_change("value", lambda _name, _old, new: self._set(0, new, runner.set_rate))
        self.pattern.on_change("value", lambda _name, _old, new: self._set(1, new, runner.set_pattern))
        self.modulation.on_change("value", lambda _name, _old, new: self._set(2, new, runner.set_modulation))
        self.learning.on_change("active", lambda _name, _old, new: self._set(3, new, runner.set_learning))
        self.pause.on_change("active", lambda _name, _old, new: self._set(4, new, self._hold))
        step.on_click(lambda: _ask(runner.step(1)))
        block.on_click(lambda: _ask(runner.step(runner.block_steps)))
        snapshot.on_click(lambda: _ask(runner.snapshot()))
        buttons = row(self.learning, self.pause, step, block, snapshot, spacing=6)
        space = Div(text="", height=14, width=10)
        self.layout = row(self.pattern, self.rate, self.modulation, column(space, buttons), spacing=16)

    def show(self) -> None:
        """Show what is in force, where that has changed."""
        status = self._runner.status()
        present = (status.rate_hz, status.pattern, status.modulation, status.learning, status.paused)
        if present == self._shown:
            return
        self._shown = present
        self.rate.end = max(self.rate.end, status.rate_hz)
        self.modulation.start = min(self.modulation.start, status.modulation)
        self.modulation.end = max(self.modulation.end, status.modulation)
        self.rate.value, self.pattern.value, self.modulation.value = status.rate_hz, status.pattern, status.modulation
        self.learning.active, self.pause.active = status.learning, status.paused
        self.learning.label = "Learning on" if status.learning else "Learning off"
        self.learning.button_type = "primary" if status.learning else "default"
        self.pause.label = "Run" if status.paused else "Pause"
        self.pause.button_type = "warning" if status.paused else "default"

    def _set(self, place: int, value: Any, command: Any) -> None:
        """Send what a user has set; what `show` has set is in force already."""
        if value != self._shown[place]:
            _ask(command(value))

    def _hold(self, paused: bool) -> Any:
        return self._runner.pause() if paused else self._runner.go_on()


def _ask(_future: Any) -> None:
    """Leave a command to the runner: it shows by itself what is refused."""
