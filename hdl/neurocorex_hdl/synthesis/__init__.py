"""The chip as Verilog and netlist, and the open tools that make them."""
