"""What options cost, written by `python benchmarks/options.py --build --write`; not edited by hand."""

from __future__ import annotations

#: LUTs and flip-flops that an option adds to a chip, and to each of its lanes, on one FPGA and at one size.
COSTS: dict[str, dict[str, tuple[int, int]]] = {
    "groups": {"lut": (562, 0), "ff": (224, 0)},
    "contexts": {"lut": (36, 0), "ff": (122, 0)},
    "rules 2": {"lut": (0, 82), "ff": (0, 83)},
    "rules 4": {"lut": (0, 138), "ff": (0, 104)},
    "terms": {"lut": (0, 69), "ff": (0, 75)},
    "rules 4, terms": {"lut": (0, 262), "ff": (0, 180)},
    "eligibility": {"lut": (0, 246), "ff": (0, 145)},
    "scaling": {"lut": (0, 88), "ff": (0, 80)},
    "errors": {"lut": (659, 0), "ff": (386, 0)},
    "errors, groups": {"lut": (813, 0), "ff": (360, 0)},
    "patterns": {"lut": (1050, 0), "ff": (466, 0)},
    "reports": {"lut": (425, 0), "ff": (199, 0)},
    "tallies": {"lut": (128, 0), "ff": (84, 0)},
    "noise": {"lut": (614, 0), "ff": (393, 0)},
}
