"""Geometry of a chip, from a JSON file and from options, one for each field of `CoreConfig`."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..spec import CoreConfig


_MEANINGS = {
    "neurons": "Neurons",
    "inputs": "Input axons",
    "lanes": "Synapses a clock cycle",
    "weight_bits": "Bits of a weight",
    "weight_ports": "Ports of the memories of the weights",
    "state_bits": "Bits of membranes and currents",
    "refractory_bits": "Bits of the refractory count",
    "max_delay": "Deepest axonal delay in steps",
    "adaptation": "Whether thresholds adapt",
    "learning": "None, exponential traces or windows",
    "trace_bits": "Bits of an exponential trace",
    "window_steps": "Steps in a window",
    "soft_bounds": "Whether changes may shrink towards the bounds",
    "extra_axons": "Further axons, with delays of their own",
    "frame_bytes": "Largest frame in bytes",
    "rx_frames": "Frame buffers towards the chip",
    "tx_frames": "Frame buffers from the chip",
    "errors": "Whether neurons gather errors, and can learn from them",
    "rules": "Rows of the learning rule, of which each neuron takes two",
    "terms": "Whether rules have an offset and constant changes",
    "groups": "Groups of neurons of which the first to fire is kept",
    "eligibility": "Whether changes can wait for a reward",
    "scaling": "Whether weights can be brought to a sum",
    "contexts": "Banks of biases and gains, of which one is in force",
    "patterns": "Rows of rates by which the chip draws input spikes; 0: none",
    "rate_bits": "Bits of such a rate",
    "reports": "Whether a stimulus can put items of a region into the results",
    "tallies": "Bits of the count of spikes of each neuron; 0: none",
    "noise": "Whether neurons have a noise of their own",
}


def read_config(path: Path | None) -> CoreConfig | None:
    """Read a `CoreConfig` from a JSON file; None without a path."""
    from ..errors import FileFormatError
    from ..files import JSON_LIMIT, printable, read_text
    from ..spec import CoreConfig

    if path is None:
        return None
    text = read_text(path, JSON_LIMIT)
    try:
        return CoreConfig.from_json(text)
    except ValueError as error:
        raise FileFormatError(f"{path} is not a core configuration: {printable(str(error))}") from error


class GeometryCommand(click.Command):
    """Command with an option for every field of `CoreConfig`, its last ones before ``--help``.

    They are made when the command itself is used: the list of commands does without the time to load `neurocorex.spec`.
    """

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the parameters of the command, those of the geometry among them."""
        *own, help_option = super().get_params(ctx)
        return [*own, *self._fields, help_option]

    @cached_property
    def _fields(self) -> list[click.Parameter]:
        from ..spec.config import LIMITS

        found: list[click.Parameter] = []
        for name, allowed in LIMITS.items():
            values = (
                f"{allowed[0]} to {allowed[1]}" if isinstance(allowed, tuple) else ", ".join(map(str, sorted(allowed)))
            )
            option = f"--{name.replace('_', '-')}"
            found.append(click.Option([option, name], type=int, help=f"{_MEANINGS[name]}: {values}."))
        return found


def configured(path: Path | None, fields: dict[str, int | None], base: CoreConfig | None = None) -> CoreConfig:
    """Return the geometry of a file, or `base`, or the default, with single fields replaced."""
    from ..errors import InputError
    from ..spec import CoreConfig

    start = read_config(path) or base or CoreConfig()
    try:
        return CoreConfig.from_dict({**start.to_dict(), **{k: v for k, v in fields.items() if v is not None}})
    except ValueError as error:
        raise InputError(str(error)) from error
