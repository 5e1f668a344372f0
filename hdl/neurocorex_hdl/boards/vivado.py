"""Timing check in the script for Vivado, which by itself writes a bitstream that misses its clock and exits with 0."""

from __future__ import annotations

_CHECK = r"""
# Worst slack of setup (WNS) and of hold (WHS). What has no number is not known to be met.
set missed {}
foreach {name kind} {WNS max WHS min} {
    set path [get_timing_paths -delay_type $kind -max_paths 1 -nworst 1]
    set slack [expr {[llength $path] ? [get_property SLACK $path] : ""}]
    if {![regexp {^[-+]?[0-9]*\.?[0-9]+(e[-+]?[0-9]+)?$} $slack]} {
        lappend missed "$name is unknown, since no path has a clock"
    } elseif {$slack < 0} {
        lappend missed "$name is $slack ns"
    }
}
if {[llength $missed]} {
    puts stderr "ERROR: timing is missed: [join $missed {, }]; see TOP_timing.rpt, and try a lower --clock-mhz"
    exit 1
}
"""


def with_timing_check(script: str, top: str) -> str:
    """Return Amaranth's script for the module `top` with the check before it writes the bitstream.

    Unless setup and hold are met, Vivado ends with exit code 1. Then, and after every other failure, there is no
    bitstream, not even an older one. The script is edited, since some boards use its hooks themselves.

    Raises
    ------
    LookupError
        If the script writes no bitstream.
    """
    before, found, after = script.partition("\nwrite_bitstream ")
    if not found:
        raise LookupError("the script for Vivado has no write_bitstream: this Amaranth writes another one")
    fresh = f"file delete -force {top}.bit {top}.bin\n"
    return f"{fresh}{before}\n{_CHECK.strip().replace('TOP', top)}{found}{after}"
