// Standard input and output: bytes from and to the host, in as few system calls as possible.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <string>

class Host {
public:
    Host() {
        for (int stream : {STDIN_FILENO, STDOUT_FILENO}) fcntl(stream, F_SETFL, fcntl(stream, F_GETFL) | O_NONBLOCK);
        std::signal(SIGPIPE, SIG_IGN);
    }

    bool empty() const { return position_ == input_.size(); }
    // Nothing more will come.
    bool closed() const { return closed_ && empty(); }
    // Nobody reads the output any more.
    bool gone() const { return gone_; }
    bool pending() const { return !output_.empty(); }
    std::uint8_t take() { return static_cast<std::uint8_t>(input_[position_++]); }
    void give(std::uint8_t byte) { output_.push_back(static_cast<char>(byte)); }

    // Reads what has come, without waiting.
    void fetch() {
        if (closed_) return;
        if (empty()) input_.clear(), position_ = 0;
        char block[1 << 14];
        const ssize_t got = read(STDIN_FILENO, block, sizeof block);
        if (got > 0) input_.append(block, static_cast<std::size_t>(got));
        else if (got == 0 || (errno != EAGAIN && errno != EINTR)) closed_ = true;
    }

    // Writes what is pending. Input is read even while a slow reader is waited for: the reader may itself be waiting
    // for that.
    void flush() {
        while (!output_.empty() && !gone_) {
            const ssize_t written = write(STDOUT_FILENO, output_.data(), output_.size());
            if (written > 0) output_.erase(0, static_cast<std::size_t>(written));
            else if (errno != EAGAIN && errno != EINTR) gone_ = true;
            else if (output_.size() < kOutputLimit) return;
            else wait();
        }
    }

    // Sleeps until bytes come, or until there is room for pending output.
    void wait() {
        pollfd streams[] = {{closed_ ? -1 : STDIN_FILENO, POLLIN, 0}, {output_.empty() ? -1 : STDOUT_FILENO, POLLOUT, 0}};
        poll(streams, 2, -1);
        if (streams[0].revents) fetch();
    }

private:
    // A reader that is slower than the wire stops the clock when this much is pending.
    static constexpr std::size_t kOutputLimit = 1 << 16;

    std::string input_, output_;
    std::size_t position_ = 0;
    bool closed_ = false, gone_ = false;
};
