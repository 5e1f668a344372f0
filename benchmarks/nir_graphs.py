"""How many spikes of snnTorch, Norse and a plain simulation survive on a chip, by the bits of its weights.

python benchmarks/nir_graphs.py
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import test_nir_graphs as graphs
import test_nir_producers as producers


def main():
    """Print one line for each network: the part of spikes with a partner within one step."""
    print(f"{'network':<30}{'16 bits':>10}{'8 bits':>10}")
    for name in producers.SPIKING:
        print(f"{name:<30}" + "".join(f"{producers.part_matched(name, bits):>10.2%}" for bits in (16, 8)))
    for name in graphs.GRAPHS:
        parts = (graphs.kept(name, weight_bits=bits, discretisation="euler") for bits in (16, 8))
        print(f"{'by hand: ' + name:<30}" + "".join(f"{part:>10.2%}" for part in parts))


if __name__ == "__main__":
    main()
