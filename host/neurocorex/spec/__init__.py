"""Contract between gates, emulator and host: sizes, number formats, declared rows, frames and spike streams.

- `config`: geometry. `limits`: of its sizes. `blocks`: what of it can be put to use. `fixed`: arithmetic of single
  numbers. `timing`: clock cycles. `memories`: words and bits.
- `rows`, `widths`: what is declared of a number. `regions`, `control`, `counters`: the tables of rows. `flags`: bits.
  `registers` gathers these names. `info`, `version`: what a chip says of itself.
- `stuffing`: bytes of a frame. `protocol`: frames. `events`: the spikes inside them.

It imports the standard library only, so that all can read it: what gates and host must agree on is written here.
"""

from .config import CoreConfig, Learning
from .eventdecoder import EventDecoder
from .events import Graded, Step, encode_steps
from .fixed import saturate, shrink, toward
from .protocol import Op, Request, RequestDecoder, Response, ResponseDecoder, Status
from .registers import (
    ChipInfo,
    Clear,
    Control,
    Counter,
    Flag,
    InUse,
    JudgeFlag,
    Layout,
    LearningFlag,
    Region,
    controls,
    layout,
    regions,
)
from .stuffing import FrameError

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
    "JudgeFlag",
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
