"""Experiment of a sweep: a network is loaded, run from its start, and measured, all for the values of one point."""

from __future__ import annotations

import inspect
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..device.device import Device
from ..device.result import Result
from ..errors import InputError
from ..image import Image
from ..network.network import Network
from ..quantiser.extent import EXTENT
from ..quantiser.populations import SCALES
from ..spec import Learning
from . import station

#: What callables may ask for beside the names of the grid.
_GIVEN = ("device", "network")
#: Keywords of `Device.run` that are functions themselves.
_FUNCTIONS = ("progress", "watch")
#: What the meta of an image may have that runs leave alone: no schedules, no delays of inputs.
_STILL = {"dt_ms", SCALES, EXTENT}


@dataclass
class Experiment:
    """Experiment; called with the values of a point, it returns what was measured.

    Attributes
    ----------
    network : Network, Image, path, or callable
        What is loaded. A callable gets the values that it names, and returns one of the others.
    measure : callable or None
        Gets the result first, and `device`, `network` or values that it names; None: counts all spikes.
    target : str
        Name of the device.
    options : dict
        Keywords of `Device.run`; callables get the values that they name.
    """

    network: Any
    measure: Callable[..., Any] | None
    target: str
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        #: By thread: the device that holds the network of all points, and its image.
        self._held: dict[int, tuple[Device, Image]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_held": {}}

    @property
    def callables(self) -> dict[str, Callable[..., Any]]:
        """All that depends on the point, by name."""
        found = {"network": self.network, "measure": self.measure, **self.options}
        return {name: each for name, each in found.items() if callable(each) and name not in _FUNCTIONS}

    def require_names(self, names: Iterable[str]) -> None:
        """Raise InputError for a name of the grid that nothing takes, or an argument that nobody gives."""
        names = list(names)
        takes = {name: _named(each, leading=name == "measure") for name, each in self.callables.items()}
        if any(wanted is None for wanted, _ in takes.values()):
            return
        shown = ", ".join(f"{name}({', '.join(wanted or ())})" for name, (wanted, _) in takes.items()) or "none"
        for name in names:
            if not any(name in (wanted or ()) for wanted, _ in takes.values()):
                raise InputError(f"nothing takes {name!r} of the grid; functions of this sweep: {shown}")
        for what, (_, needed) in takes.items():
            given = {*names, *(_GIVEN if what == "measure" else ())}
            if missing := [name for name in needed if name not in given]:
                raise InputError(f"{what} takes {missing[0]!r}, which the grid lacks; it has {', '.join(names)}")

    def __call__(self, **point: Any) -> Any:
        """Load, run and measure at one point."""
        device = station.device(self.target)
        try:
            network = self._begin(device, point)
            options = {
                name: _called(each, point) if callable(each) and name not in _FUNCTIONS else each
                for name, each in self.options.items()
            }
            result = device.run(**options)
            if self.measure is None:
                return {"spikes": int(result.counts.sum())}
            return _called(self.measure, {**point, "device": device, "network": network}, result)
        except BaseException:
            self._held.pop(threading.get_ident(), None)
            station.forget(self.target)
            raise

    def _begin(self, device: Device, point: Mapping[str, Any]) -> Any:
        """Put the network onto the device, with nothing in it of the points before."""
        network = _called(self.network, point) if callable(self.network) else self.network
        if not isinstance(network, Network | Image | str | os.PathLike):
            raise InputError(f"a sweep of a network got {network!r:.100}; return a Network, an Image or a path")
        if callable(self.network):
            device.load(network, progress=False)
            return network
        thread = threading.get_ident()
        held, image = self._held.get(thread, (None, None))
        if held is not device or image is None:
            device.load(network, progress=False)
            if (image := device._contents.network.image) is not None:
                self._held[thread] = device, image
        elif self._is_static(image):
            device.clear()
        else:
            device.load(image, progress=False)
        return network

    def _is_static(self, image: Image) -> bool:
        """Whether a network that has run is as it was loaded, once its state is cleared."""
        config = image.config
        named = [] if self.measure is None else _named(self.measure, leading=True)[0]
        changed = named is None or "device" in named  # it may set weights
        moves = config.noise or config.learning != Learning.NONE or config.contexts > 1
        return not (changed or moves or image.is_snapshot or image.meta.keys() - _STILL or "writes" in self.options)


def _named(function: Callable[..., Any], *, leading: bool) -> tuple[list[str] | None, list[str]]:
    """Return the names that a function takes (None: any), and those that it needs; `leading` ones are passed over."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None, []
    if leading:
        parameters = parameters[1:]
    if any(each.kind is each.VAR_KEYWORD for each in parameters):
        return None, []
    by_name = [each for each in parameters if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)]
    return [each.name for each in by_name], [each.name for each in by_name if each.default is each.empty]


def _called(function: Callable[..., Any], values: Mapping[str, Any], *leading: Result) -> Any:
    """Call a function with those of some values that it names."""
    names, _ = _named(function, leading=bool(leading))
    chosen = dict(values) if names is None else {name: values[name] for name in names if name in values}
    return function(*leading, **chosen)
