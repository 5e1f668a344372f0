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
        : chip_(chip), path_(options.trace), first_(options.first_step), last_(options.last_step), waiting_(!path_.empty()) {
        if (!waiting_) return;
        context.traceEverOn(true);
        chip.trace(&file_, 99);
    }

    // First half of a cycle, after the rising edge. There is no file before the first step.
    void rise(std::uint64_t cycle) {
        if (waiting_ && chip_.in_step && chip_.step >= first_) {
            file_.open(path_.c_str());
            if (!file_.isOpen()) fail("cannot write the waveform to " + path_);
            waiting_ = false;
            writing_ = true;
        }
        if (writing_) file_.dump(10 * cycle);
    }

    // Second half. The file is complete once the last step is over, whatever happens to the process later.
    void fall(std::uint64_t cycle) {
        if (!writing_) return;
        file_.dump(10 * cycle + 5);
        if (chip_.step_done && chip_.step >= last_) close();
    }

    void close() {
        if (writing_) file_.close();
        writing_ = false;
    }

private:
    Vchip& chip_;
    VerilatedFstC file_;
    std::string path_;
    std::uint64_t first_, last_;
    bool waiting_, writing_ = false;
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
