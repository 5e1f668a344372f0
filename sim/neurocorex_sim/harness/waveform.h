// Waveform: every signal of the chip during chosen steps, as an FST file. Chips built without --trace-fst cannot write
// one, and spend no time on it.
#pragma once

#include <cstdint>
#include <string>

#include "Vchip.h"
#include "options.h"
#include "verilated.h"

#if VM_TRACE_FST
#include "verilated_fst_c.h"

// A clock cycle lasts 10 ns in the file: its number since reset is the time divided by 10 ns.
class Waveform {
public:
    Waveform(VerilatedContext& context, Vchip& chip, const Options& options)
        : chip_(chip), first_(options.first_step), last_(options.last_step), active_(!options.trace.empty()) {
        if (!active_) return;
        context.traceEverOn(true);
        chip.trace(&file_, 99);
        file_.open(options.trace.c_str());
        if (!file_.isOpen()) fail("cannot write the waveform to " + options.trace);
    }

    // First half of a cycle, after the rising edge.
    void rise(std::uint64_t cycle) {
        if (!active_) return;
        writing_ |= chip_.in_step && chip_.step >= first_;
        if (writing_) file_.dump(10 * cycle);
    }

    // Second half. The file is complete once the last step is over, whatever happens to the process later.
    void fall(std::uint64_t cycle) {
        if (!writing_) return;
        file_.dump(10 * cycle + 5);
        if (!chip_.step_done || chip_.step < last_) return;
        file_.close();
        active_ = writing_ = false;
    }

    void close() {
        if (active_) file_.close();
    }

private:
    Vchip& chip_;
    VerilatedFstC file_;
    std::uint64_t first_, last_;
    bool active_, writing_ = false;
};

#else

class Waveform {
public:
    Waveform(VerilatedContext&, Vchip&, const Options& options) {
        if (!options.trace.empty()) fail("this chip was built without waveforms, use build_chip(..., trace=True)");
    }
    void rise(std::uint64_t) {}
    void fall(std::uint64_t) {}
    void close() {}
};

#endif
