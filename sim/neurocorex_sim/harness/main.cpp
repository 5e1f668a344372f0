// Simulated chip as a process: bytes from standard input travel over the chip's rx pin, bit by bit, and what the chip
// sends over tx goes to standard output. neurocorex_sim/chip.py compiles it together with the Verilated chip.
//
// Time is the chip's. While something travels or the chip works, the clock runs as fast as the host allows. When both
// are silent the clock stops, and the process sleeps until bytes come.
//
// SIGUSR1 is the reset button: registers begin anew, memories keep what they hold, a byte on its way is lost. Bytes that
// are written after the signal reach the chip after the reset.

#include <csignal>
#include <cstdint>

#include "Vchip.h"
#include "host.h"
#include "line.h"
#include "options.h"
#include "report.h"
#include "verilated.h"
#include "waveform.h"

namespace {

constexpr int kResetCycles = 4;
// Silence, on both lines and of the chip, after which the clock stops. It is longer than any pause that the chip makes
// by itself, and short enough (about a millisecond) to cost no processor time worth mentioning.
constexpr std::uint64_t kQuietCycles = 4096;
// Time that a busy chip gets to go on sending after standard input was closed.
constexpr std::uint64_t kLastCycles = 1 << 18;

// SIGUSR1 has come.
volatile std::sig_atomic_t button = 0;

// The Verilated chip and its clock.
class Chip {
public:
    explicit Chip(const Options& options) : model_(&context_), waveform_(context_, model_, options) {
        reset();
        while (in_reset()) tick(true);
    }

    // Holds the reset for the next cycles.
    void reset() { reset_left_ = kResetCycles; }
    bool in_reset() const { return reset_left_ > 0; }

    ~Chip() {
        model_.final();
        waveform_.close();
    }

    void tick(bool rx) {
        model_.rx = rx;
        model_.rst = in_reset();
        if (in_reset()) --reset_left_;
        model_.clk = 1;
        model_.eval();
        waveform_.rise(cycles_);
        model_.clk = 0;
        model_.eval();
        waveform_.fall(cycles_);
        ++cycles_;
    }

    bool tx() const { return model_.tx; }
    bool busy() const { return model_.busy; }
    unsigned divisor() const { return model_.divisor; }
    std::uint64_t cycles() const { return cycles_; }

private:
    VerilatedContext context_;
    Vchip model_;
    Waveform waveform_;
    std::uint64_t cycles_ = 0;
    int reset_left_ = 0;
};

void serve(Chip& chip, Report& report) {
    Host host;
    LineSender sender;
    LineReceiver receiver;
    std::uint64_t quiet_since = chip.cycles(), next_fetch = 0, last_word = chip.cycles();
    while (!host.gone()) {
        const std::uint64_t now = chip.cycles();
        if (sender.idle() && host.empty() && now >= next_fetch) {
            host.fetch();
            next_fetch = now + 10 * chip.divisor();  // one system call per byte that the wire could carry
        }
        if (button) {  // before any byte that has been fetched since
            button = 0;
            chip.reset();
        }
        if (sender.idle() && !host.empty() && !chip.in_reset()) {
            sender.start(host.take(), chip.divisor());
            report.received();
        }

        const bool wire = !sender.idle() || !receiver.idle();
        chip.tick(sender.tick());
        std::uint8_t byte;
        const bool complete = receiver.tick(chip.tx(), chip.divisor(), byte);
        if (complete) {
            host.give(byte);
            report.sent();
            // A zero ends a frame, and silence ends anything; in between, fewer and larger writes are cheaper.
            if (byte == 0 || receiver.idle()) host.flush();
        }

        if (wire) report.active(now);
        if (wire || complete) last_word = now;
        if (wire || chip.busy()) {
            quiet_since = now;
            if (host.closed() && now - last_word > kLastCycles) break;
        } else if (now - quiet_since > kQuietCycles) {
            report.close_burst(chip.divisor(), receiver.framing_errors());
            host.flush();
            if (host.closed() && !host.pending()) return;
            host.wait();
            quiet_since = next_fetch = chip.cycles();
        }
    }
    report.close_burst(chip.divisor(), receiver.framing_errors());
    host.flush();
}

}  // namespace

int main(int argc, char** argv) {
    const Options options(argc, argv);
    std::signal(SIGUSR1, [](int) { button = 1; });
    Chip chip(options);
    Report report(options);
    serve(chip, report);
    return 0;
}
