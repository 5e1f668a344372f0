"""What options cost, written by `python benchmarks/options.py --build --write`; not edited by hand."""

from __future__ import annotations

#: LUTs and flip-flops that an option adds to a chip, and to each of its lanes, on one FPGA and at one size.
COSTS: dict[str, dict[str, tuple[int, int]]] = {
    "groups": {"lut": (440, 0), "ff": (315, 0)},
    "contexts": {"lut": (0, 0), "ff": (0, 0)},
    "rules 2": {"lut": (0, 43), "ff": (0, 60)},
    "rules 4": {"lut": (0, 63), "ff": (0, 81)},
    "terms": {"lut": (0, 60), "ff": (0, 56)},
    "rules 4, terms": {"lut": (0, 160), "ff": (0, 137)},
    "eligibility": {"lut": (0, 270), "ff": (0, 100)},
    "scaling": {"lut": (0, 0), "ff": (0, 0)},
    "errors": {"lut": (130, 0), "ff": (440, 0)},
    "errors, groups": {"lut": (440, 0), "ff": (315, 0)},
}
