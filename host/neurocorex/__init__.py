"""NeuroCoreX: spiking neural networks on small FPGA boards, on a simulated chip, or on an emulator with the same bits.

Names are loaded when they are first used, so importing the package costs nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # that of typing, which takes a while to load
if TYPE_CHECKING:
    from typing import Any

    from . import apps as apps
    from . import encode as encode
    from . import errors as errors
    from . import learning as learning
    from . import plot as plot
    from .check.fidelity import Fidelity as Fidelity
    from .check.fidelity import measure_fidelity as measure_fidelity
    from .check.floating import simulate_floats as simulate_floats
    from .check.search import search_scale as search_scale
    from .device.device import Device as Device
    from .device.open import open_device as open  # noqa: A004, F401
    from .device.result import Result as Result
    from .events.stream import EventStream as EventStream
    from .image import Image as Image
    from .importers.nir import from_nir as from_nir
    from .importers.nir import read_spikes as read_spikes
    from .importers.nir import to_nir as to_nir
    from .importers.nir import write_spikes as write_spikes
    from .importers.superneuromat import from_superneuromat as from_superneuromat
    from .importers.superneuromat import on_device as on_device
    from .many.pool import Pool as Pool
    from .many.sweep import sweep as sweep
    from .many.table import Table as Table
    from .network.network import Network as Network
    from .quantiser.demand import smallest_config as smallest_config
    from .quantiser.populations import scales_of as scales_of
    from .quantiser.quantise import quantise as quantise
    from .quantiser.report import Report as Report
    from .spec import Clear as Clear
    from .spec import Control as Control
    from .spec import CoreConfig as CoreConfig
    from .spec import Learning as Learning
    from .spec import Region as Region

#: Module of each name, and its name there; None for a name that is the module.
_ORIGINS = {
    "Clear": ("spec", "Clear"),
    "Control": ("spec", "Control"),
    "CoreConfig": ("spec", "CoreConfig"),
    "Device": ("device.device", "Device"),
    "EventStream": ("events.stream", "EventStream"),
    "Fidelity": ("check.fidelity", "Fidelity"),
    "Image": ("image", "Image"),
    "Learning": ("spec", "Learning"),
    "Network": ("network.network", "Network"),
    "Pool": ("many.pool", "Pool"),
    "Region": ("spec", "Region"),
    "Report": ("quantiser.report", "Report"),
    "Result": ("device.result", "Result"),
    "Table": ("many.table", "Table"),
    "apps": ("apps", None),
    "encode": ("encode", None),
    "errors": ("errors", None),
    "from_nir": ("importers.nir", "from_nir"),
    "from_superneuromat": ("importers.superneuromat", "from_superneuromat"),
    "learning": ("learning", None),
    "measure_fidelity": ("check.fidelity", "measure_fidelity"),
    "on_device": ("importers.superneuromat", "on_device"),
    "open": ("device.open", "open_device"),
    "plot": ("plot", None),
    "quantise": ("quantiser.quantise", "quantise"),
    "read_spikes": ("importers.nir", "read_spikes"),
    "scales_of": ("quantiser.populations", "scales_of"),
    "search_scale": ("check.search", "search_scale"),
    "simulate_floats": ("check.floating", "simulate_floats"),
    "smallest_config": ("quantiser.demand", "smallest_config"),
    "sweep": ("many.sweep", "sweep"),
    "to_nir": ("importers.nir", "to_nir"),
    "write_spikes": ("importers.nir", "write_spikes"),
}

__all__ = sorted(_ORIGINS)


if not TYPE_CHECKING:  # type checkers would take any name for one of these

    def __getattr__(name: str) -> Any:
        from importlib import import_module

        if name not in _ORIGINS:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module, attribute = _ORIGINS[name]
        found = import_module(f".{module}", __name__)
        value = getattr(found, attribute) if attribute else found
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
