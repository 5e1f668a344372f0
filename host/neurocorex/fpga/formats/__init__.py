"""Bitstream formats of the FPGA families: which FPGA a file is for, and whether all of it is there."""
