"""The contract between the gates, the emulator and the host.

Geometry (`config`), number formats (`fixed`), memories and registers (`registers`), frames
(`protocol`) and the spike streams inside them (`events`). It imports the standard library only,
so every realisation can read it, and each constant of the project is written here once.
"""

from .config import CoreConfig, Learning
from .events import EventDecoder, Graded, Step, encode_steps
from .fixed import saturate, shrink, toward
from .protocol import FrameError, Op, Request, RequestDecoder, Response, ResponseDecoder, Status
from .registers import (
    ChipInfo,
    Clear,
    Control,
    Counter,
    Flag,
    InUse,
    Layout,
    LearningFlag,
    Region,
    controls,
    layout,
    regions,
)

__all__ = [
    "ChipInfo",
    "Clear",
    "Control",
    "CoreConfig",
    "Counter",
    "EventDecoder",
    "Flag",
    "FrameError",
    "Graded",
    "InUse",
    "Layout",
    "Learning",
    "LearningFlag",
    "Op",
    "Region",
    "Request",
    "RequestDecoder",
    "Response",
    "ResponseDecoder",
    "Status",
    "Step",
    "controls",
    "encode_steps",
    "layout",
    "regions",
    "saturate",
    "shrink",
    "toward",
]
