"""Fidelity of NIR graphs: spikes kept on a chip with 8- and 16-bit weights, against snnTorch, Norse and plain floats.

python benchmarks/nir_graphs.py
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).parent.parent / "tests/importers"))

import test_nir_graphs as graphs
import test_nir_producers as producers


def main():
    """Print for each network the share of spikes that have a partner within one step."""
    print(f"{'network':<30}{'16 bits':>10}{'8 bits':>10}")
    for name in producers.SPIKING:
        print(f"{name:<30}" + "".join(f"{producers.part_matched(name, bits):>10.2%}" for bits in (16, 8)))
    for name in graphs.GRAPHS:
        parts = (graphs.kept(name, weight_bits=bits, discretisation="euler") for bits in (16, 8))
        print(f"{'by hand: ' + name:<30}" + "".join(f"{part:>10.2%}" for part in parts))


if __name__ == "__main__":
    main()
