// The simulated chip as a process: what comes in on standard input travels over the chip's rx pin, bit by bit,
// and what the chip sends over tx goes to standard output. Compiled together with the Verilated chip by chip.py.
//
// Time belongs to the chip: as long as something is on its way or the chip works, the clock runs as fast as the host
// allows; when nothing is, the process sleeps until bytes come, and the clock stands still.

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "Vchip.h"
#include "verilated.h"
#if VM_TRACE
#include "verilated_vcd_c.h"
#endif

namespace {

constexpr int kResetCycles = 4;
// Silence, on both lines and of the chip, after which the clock is stopped. Longer than any pause that the chip
// makes by itself, short enough (about a millisecond) that nobody notices it on the processor.
constexpr std::uint64_t kQuietCycles = 4096;
// Once standard input is closed there is nobody to take what the chip has to say: it gets this long to say more.
constexpr std::uint64_t kLastCycles = 1 << 18;
// A reader that is slower than the wire stops the clock when this much waits for it.
constexpr std::size_t kOutputLimit = 1 << 16;

[[noreturn]] void fail(const std::string& message) {
    std::fprintf(stderr, "chip: %s\n", message.c_str());
    std::exit(2);
}

// Bytes to and from the host, in as few system calls as possible.
class Host {
public:
    Host() {
        for (int stream : {STDIN_FILENO, STDOUT_FILENO}) fcntl(stream, F_SETFL, fcntl(stream, F_GETFL) | O_NONBLOCK);
        std::signal(SIGPIPE, SIG_IGN);
    }

    bool empty() const { return position_ == input_.size(); }
    bool closed() const { return closed_ && empty(); }
    std::uint8_t take() { return static_cast<std::uint8_t>(input_[position_++]); }

    // Fetches what has come, without waiting.
    void fetch() {
        if (closed_) return;
        if (empty()) input_.clear(), position_ = 0;
        char block[1 << 14];
        const ssize_t got = read(STDIN_FILENO, block, sizeof block);
        if (got > 0) input_.append(block, static_cast<std::size_t>(got));
        else if (got == 0 || (errno != EAGAIN && errno != EINTR)) closed_ = true;
    }

    void give(std::uint8_t byte) { output_.push_back(static_cast<char>(byte)); }

    // Hands over what is there. Bytes are taken in even while a slow reader is waited for: it may itself be waiting
    // for us to do so.
    void flush() {
        while (!output_.empty()) {
            const ssize_t written = write(STDOUT_FILENO, output_.data(), output_.size());
            if (written > 0) output_.erase(0, static_cast<std::size_t>(written));
            else if (errno != EAGAIN && errno != EINTR) std::exit(0);
            else if (output_.size() < kOutputLimit) return;
            else wait(-1);
        }
    }

    // Sleeps until bytes come, or room for those that have not been handed over yet.
    void wait(int timeout_ms) {
        pollfd streams[] = {{closed_ ? -1 : STDIN_FILENO, POLLIN, 0}, {output_.empty() ? -1 : STDOUT_FILENO, POLLOUT, 0}};
        poll(streams, 2, timeout_ms);
        if (streams[0].revents) fetch();
    }

    bool pending() const { return !output_.empty(); }

private:
    std::string input_, output_;
    std::size_t position_ = 0;
    bool closed_ = false;
};

// The sending end of the line to the chip. Looks for a byte only when the line is free.
class LineSender {
public:
    bool idle() const { return bits_left_ == 0; }

    void start(std::uint8_t byte, unsigned divisor) {
        shift_ = 0x200u | (static_cast<unsigned>(byte) << 1);  // stop bit, data, start bit
        bits_left_ = 10;
        timer_ = divisor_ = divisor;
    }

    // Level of the line in this cycle.
    bool tick() {
        if (bits_left_ == 0) return true;
        const bool level = shift_ & 1;
        if (--timer_ == 0) {
            shift_ >>= 1;
            timer_ = divisor_;
            --bits_left_;
        }
        return level;
    }

private:
    unsigned shift_ = 0, bits_left_ = 0, timer_ = 0, divisor_ = 0;
};

// The receiving end of the line from the chip: samples each bit in its middle, and gives the byte out when its
// stop bit is over, so that a change of rate which the chip makes after a byte is seen before the host can answer it.
class LineReceiver {
public:
    bool idle() const { return !receiving_; }
    unsigned long framing_errors() const { return framing_errors_; }

    // Takes the level of the line; true when `byte` has been completed.
    bool tick(bool level, unsigned divisor, std::uint8_t& byte) {
        bool complete = false;
        if (receiving_ && --timer_ == 0) {
            if (bit_ < 8) shift_ = (shift_ >> 1) | (level ? 0x80u : 0u);
            else if (bit_ == 8 && !level) ++framing_errors_;
            else if (bit_ == 9) {
                receiving_ = false;
                complete = true;
                byte = static_cast<std::uint8_t>(shift_);
            }
            ++bit_;
            timer_ = bit_ == 9 ? divisor_ - divisor_ / 2 : divisor_;
        }
        if (!receiving_ && !level) {
            receiving_ = true;
            bit_ = 0;
            divisor_ = divisor;
            timer_ = divisor + divisor / 2;
        }
        return complete;
    }

private:
    bool receiving_ = false;
    unsigned shift_ = 0, bit_ = 0, timer_ = 0, divisor_ = 0;
    unsigned long framing_errors_ = 0;
};

// The Verilated chip, its clock, and the optional waveform.
class Chip {
public:
    explicit Chip(const char* trace_path) : model_(&context_) {
        if (trace_path) open_trace(trace_path);
        model_.rx = 1;
        model_.rst = 1;
        for (int cycle = 0; cycle < kResetCycles; ++cycle) tick(true);
        model_.rst = 0;
    }

    ~Chip() {
        model_.final();
#if VM_TRACE
        if (tracing_) trace_.close();
#endif
    }

    void tick(bool rx) {
        model_.rx = rx;
        model_.clk = 1;
        model_.eval();
        dump(0);
        model_.clk = 0;
        model_.eval();
        dump(1);
        ++cycles_;
    }

    bool tx() const { return model_.tx; }
    bool busy() const { return model_.busy; }
    unsigned divisor() const { return model_.divisor; }
    std::uint64_t cycles() const { return cycles_; }

private:
    void open_trace(const char* path) {
#if VM_TRACE
        context_.traceEverOn(true);
        model_.trace(&trace_, 99);
        trace_.open(path);
        if (!trace_.isOpen()) fail(std::string("cannot write the waveform to ") + path);
        tracing_ = true;
#else
        fail(std::string("cannot write ") + path + ": this chip was built without waveforms, use build_chip(..., trace=True)");
#endif
    }

    void dump([[maybe_unused]] unsigned half) {
#if VM_TRACE
        if (tracing_) trace_.dump(2 * cycles_ + half);
#endif
    }

    VerilatedContext context_;
    Vchip model_;
#if VM_TRACE
    VerilatedVcdC trace_;
    bool tracing_ = false;
#endif
    std::uint64_t cycles_ = 0;
};

// What went over the wire between two stops of the clock, one line of JSON each. Cycles count from reset.
class Report {
public:
    explicit Report(const char* path) {
        if (!path) return;
        file_ = std::fopen(path, "w");
        if (!file_) fail(std::string("cannot write ") + path + ": " + std::strerror(errno));
    }

    void active(std::uint64_t cycle) {
        if (!active_) first_ = cycle;
        active_ = true;
        last_ = cycle;
    }
    void received() { ++to_chip_; }
    void sent() { ++from_chip_; }

    void close_burst(const Chip& chip, const LineReceiver& receiver) {
        if (file_ && active_) {
            std::fprintf(file_,
                "{\"first\": %llu, \"last\": %llu, \"to_chip\": %lu, \"from_chip\": %lu, \"divisor\": %u, \"framing_errors\": %lu}\n",
                static_cast<unsigned long long>(first_), static_cast<unsigned long long>(last_), to_chip_, from_chip_,
                chip.divisor(), receiver.framing_errors());
            std::fflush(file_);
        }
        active_ = false;
        to_chip_ = from_chip_ = 0;
    }

private:
    std::FILE* file_ = nullptr;
    bool active_ = false;
    std::uint64_t first_ = 0, last_ = 0;
    unsigned long to_chip_ = 0, from_chip_ = 0;
};

void serve(Chip& chip, Report& report) {
    Host host;
    LineSender sender;
    LineReceiver receiver;
    std::uint64_t quiet_since = chip.cycles(), next_fetch = 0, last_word = chip.cycles();
    for (;;) {
        const std::uint64_t now = chip.cycles();
        if (sender.idle()) {
            if (host.empty() && now >= next_fetch) {
                host.fetch();
                next_fetch = now + 10 * chip.divisor();  // one system call per byte that the wire could carry
            }
            if (!host.empty()) {
                sender.start(host.take(), chip.divisor());
                report.received();
            }
        }

        const bool wire = !sender.idle() || !receiver.idle();
        chip.tick(sender.tick());
        std::uint8_t byte;
        const bool complete = receiver.tick(chip.tx(), chip.divisor(), byte);
        if (complete) {
            host.give(byte);
            report.sent();
            // A zero ends a frame, and silence whatever it was; in between, bytes are cheaper by the dozen.
            if (byte == 0 || receiver.idle()) host.flush();
        }

        if (wire) report.active(now);
        if (wire || complete) last_word = now;
        if (wire || chip.busy()) {
            quiet_since = now;
            if (host.closed() && now - last_word > kLastCycles) break;
        } else if (now - quiet_since > kQuietCycles) {
            report.close_burst(chip, receiver);
            host.flush();
            if (host.closed() && !host.pending()) return;
            host.wait(-1);
            quiet_since = next_fetch = chip.cycles();
        }
    }
    report.close_burst(chip, receiver);
    host.flush();
}

}  // namespace

int main(int argc, char** argv) {
    const char* trace_path = nullptr;
    const char* report_path = nullptr;
    for (int index = 1; index < argc; index += 2) {
        const std::string option = argv[index];
        if (index + 1 == argc || (option != "--trace" && option != "--report")) {
            std::fprintf(stderr, "usage: %s [--trace FILE.vcd] [--report FILE.jsonl]   bytes of the UART on stdin and stdout\n", argv[0]);
            return 2;
        }
        (option == "--trace" ? trace_path : report_path) = argv[index + 1];
    }
    Chip chip(trace_path);
    Report report(report_path);
    serve(chip, report);
    return 0;
}
