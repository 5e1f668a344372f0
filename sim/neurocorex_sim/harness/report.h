// Report of the traffic on the wire: one line of JSON for each burst between two stops of the clock. Cycles are counted
// from reset.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

#include "options.h"

class Report {
public:
    explicit Report(const Options& options) {
        if (options.report.empty()) return;
        file_ = std::fopen(options.report.c_str(), "w");
        if (!file_) fail("cannot write " + options.report + ": " + std::strerror(errno));
    }

    void active(std::uint64_t cycle) {
        if (!active_) first_ = cycle;
        active_ = true;
        last_ = cycle;
    }
    void received() { ++to_chip_; }
    void sent() { ++from_chip_; }

    void close_burst(unsigned divisor, unsigned long framing_errors) {
        if (file_ && active_) {
            std::fprintf(file_,
                "{\"first\": %llu, \"last\": %llu, \"to_chip\": %lu, \"from_chip\": %lu, \"divisor\": %u, \"framing_errors\": %lu}\n",
                static_cast<unsigned long long>(first_), static_cast<unsigned long long>(last_), to_chip_, from_chip_,
                divisor, framing_errors);
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
