"""NeuroCoreX: spiking neural networks on small FPGA boards, on a simulated chip, or on an emulator with the same bits.

Names are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import encode as encode
    from . import errors as errors
    from . import learning as learning
    from .device.device import Device as Device
    from .device.result import Result as Result
    from .image import Image as Image
    from .importers.nir import from_nir as from_nir
    from .importers.nir import to_nir as to_nir
    from .importers.superneuromat import from_superneuromat as from_superneuromat
    from .network.network import Network as Network
    from .opening import open_device as open  # noqa: A004
    from .plotting import plot as plot
    from .quantiser import quantise as quantise
    from .quantiser.report import Report as Report
    from .spec import CoreConfig as CoreConfig
    from .spec import Region as Region
    from .streams.streams import EventStream as EventStream

#: Where each name comes from: a module, and the name in it unless it is the module itself.
_ORIGINS = {
    "CoreConfig": ("spec", "CoreConfig"),
    "Device": ("device.device", "Device"),
    "EventStream": ("streams.streams", "EventStream"),
    "Image": ("image", "Image"),
    "Network": ("network.network", "Network"),
    "Region": ("spec", "Region"),
    "Report": ("quantiser.report", "Report"),
    "Result": ("device.result", "Result"),
    "encode": ("encode", None),
    "errors": ("errors", None),
    "from_nir": ("importers.nir", "from_nir"),
    "from_superneuromat": ("importers.superneuromat", "from_superneuromat"),
    "learning": ("learning", None),
    "open": ("opening", "open_device"),
    "plot": ("plotting.plot", None),
    "quantise": ("quantiser.quantise", None),
    "to_nir": ("importers.nir", "to_nir"),
}

__all__ = [
    "CoreConfig", "Device", "EventStream", "Image", "Network", "Region", "Report", "Result",
    "encode", "errors", "from_nir", "from_superneuromat", "learning", "open", "plot", "quantise", "to_nir",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _ORIGINS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _ORIGINS[name]
    found = import_module(f".{module}", __name__)
    value = getattr(found, attribute) if attribute else found
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
