// UART line: the far ends of the chip's rx and tx pins, 8N1, bit by bit.
#pragma once

#include <cstdint>

// Transmitter towards the chip. It takes a byte only while the line is idle.
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

// Receiver of what the chip sends. It samples each bit in its middle and completes a byte at the end of the stop bit:
// if the chip changes its rate after that byte, the new rate is seen before the host can answer.
class LineReceiver {
public:
    bool idle() const { return !receiving_; }
    unsigned long framing_errors() const { return framing_errors_; }

    // Takes the level of the line in this cycle; true if that completes `byte`.
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
