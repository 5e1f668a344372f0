"""NeuroCoreX: spiking neural networks on small FPGA boards, on a simulated chip, or on an emulator with the same bits."""
