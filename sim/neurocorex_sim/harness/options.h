// Command line of the simulated chip, and how it gives up.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>

[[noreturn]] inline void fail(const std::string& message) {
    std::fprintf(stderr, "chip: %s\n", message.c_str());
    std::exit(2);
}

struct Options {
    std::string report, trace;
    std::uint64_t first_step = 0, last_step = std::numeric_limits<std::uint64_t>::max();

    Options(int argc, char** argv) {
        for (int index = 1; index < argc; index += 2) {
            const std::string name = argv[index];
            const char* value = index + 1 < argc ? argv[index + 1] : nullptr;
            if (name == "--report" && value) report = value;
            else if (name == "--trace" && value) trace = value;
            else if (name == "--from" && value) first_step = step(value);
            else if (name == "--to" && value) last_step = step(value);
            else fail("usage: [--report FILE.jsonl] [--trace FILE.fst [--from STEP] [--to STEP]]; bytes of the UART on stdin and stdout");
        }
    }

private:
    static std::uint64_t step(const char* text) {
        char* end = nullptr;
        errno = 0;
        const std::uint64_t number = std::strtoull(text, &end, 10);
        if (errno || *end || *text < '0' || *text > '9') fail(std::string("not the number of a step: ") + text);
        return number;
    }
};
