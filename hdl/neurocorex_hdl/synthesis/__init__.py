"""Synthesis: the chip as Verilog and netlist, and the programs that make them."""
