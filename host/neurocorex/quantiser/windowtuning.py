"""Windows of a rule on a chip: tables, and the drift with its schedule."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..learning import WindowRule
from ..spec import Control, CoreConfig, Region
from ..spec.config import CHANGE_FRACTION
from ..spec.fixed import signed_range
from .rowtuning import RowTuning
from .tables import single_spikes, table_of


class WindowTuning:
    """Tables and drift of one rule.

    Parameters
    ----------
    row : RowTuning
        Gets the notes.
    rule : WindowRule
        Its rule.

    Attributes
    ----------
    control : dict of Control to int
        The drift of the first step.
    tables : dict of Region to int64 array
        `PRE_TABLE` and `POST_TABLE`.
    schedule : list of [step, register, value]
        Drift of the steps behind the first.
    """

    def __init__(self, row: RowTuning, rule: WindowRule) -> None:
        self._row, self._config = row, row.config
        self.tables: dict[Region, NDArray[np.int64]] = {}
        self._set_tables(rule)
        self.control, self.schedule = self._drift(rule, row.config)

    def _set_tables(self, rule: WindowRule) -> None:
        row, config = self._row, self._config
        limits, grain = signed_range(config.change_bits), 1
        if not (rule.stochastic or rule.soft):
            grain = 1 << CHANGE_FRACTION  # the nearest whole weight; the chip rounds fractions to zero
        kernels = rule.kernels(row.dt_ms, config.window_steps)
        for region, name, first, kernel in (
            (Region.PRE_TABLE, "potentiation", 0, kernels[0]), (Region.POST_TABLE, "depression", 1, kernels[1]),
        ):  # fmt: skip
            units = kernel * row.change_unit
            table, crowded = table_of(units, limits, nearest=rule.nearest, grain=grain)
            self.tables[region] = table
            entries = np.clip(single_spikes(table, config.window_steps), *limits)
            for lag in np.flatnonzero(kernel).tolist():
                clipped = not limits[0] <= grain * round(units[lag] / grain) <= limits[1]
                row.note_change(f"{name} at lag {lag + first}", kernel[lag], float(entries[lag]), clipped=clipped)
            if crowded:
                patterns = 1 << config.window_steps
                row.warnings.append(f"{name} is clipped where {crowded} of {patterns} patterns of spikes add up")

    def _drift(self, rule: WindowRule, config: CoreConfig) -> tuple[dict[Control, int], list[list[int]]]:
        row, (low, high) = self._row, signed_range(Control.DRIFT_STEP.bits(config))
        steps = []
        for step, change in enumerate(rule.drift):
            units = round(change / row.unit)
            steps.append(min(max(units, low), high))
            if change:
                row.note(
                    f"drift in step {step}", change, steps[-1] * row.unit, clipped=steps[-1] != units,
                    remedy="take wider weights or another scale, at which it is a whole unit of a weight",
                )  # fmt: skip
        mask = (1 << Control.DRIFT_STEP.bits(config)) - 1
        schedule = [
            [step, int(Control.DRIFT_STEP), steps[step] & mask]
            for step in range(1, len(steps)) if steps[step] != steps[step - 1]
        ]  # fmt: skip
        return {Control.DRIFT_STEP: steps[0] if steps else 0}, schedule
