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
    from . import plot as plot
    from .check.search import search_scale as search_scale
    from .device.device import Device as Device
    from .device.open import open_device as open  # noqa: A004
    from .device.result import Result as Result
    from .events.stream import EventStream as EventStream
    from .image import Image as Image
    from .importers.nir import from_nir as from_nir
    from .importers.nir import to_nir as to_nir
    from .importers.superneuromat import from_superneuromat as from_superneuromat
    from .importers.superneuromat import on_device as on_device
    from .network.network import Network as Network
    from .quantiser.quantise import quantise as quantise
    from .quantiser.report import Report as Report
    from .spec import Clear as Clear
    from .spec import CoreConfig as CoreConfig
    from .spec import Region as Region

#: Where each name comes from: a module, and the name in it unless it is the module itself.
_ORIGINS = {
    "Clear": ("spec", "Clear"),
    "CoreConfig": ("spec", "CoreConfig"),
    "Device": ("device.device", "Device"),
    "EventStream": ("events.stream", "EventStream"),
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
    "on_device": ("importers.superneuromat", "on_device"),
    "open": ("device.open", "open_device"),
    "plot": ("plot", None),
    "quantise": ("quantiser.quantise", "quantise"),
    "search_scale": ("check.search", "search_scale"),
    "to_nir": ("importers.nir", "to_nir"),
}

__all__ = [
    "Clear", "CoreConfig", "Device", "EventStream", "Image", "Network", "Region", "Report", "Result",
    "encode", "errors", "from_nir", "from_superneuromat", "learning", "on_device", "open", "plot", "quantise",
    "search_scale", "to_nir",
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
