// The program's own log, to stderr: one line a message, time in UTC, control characters escaped so
// that no input can forge a line. Never give it a Secret (it would not compile) or a request body.
// spdlog lives behind this; handed in by reference, no global. Any thread.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <string_view>

namespace pilot {

enum class LogLevel { debug, info, warn, error, off };

class Log {
 public:
  explicit Log(LogLevel level = LogLevel::info);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  template <class... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) {
    write_if(LogLevel::debug, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) {
    write_if(LogLevel::info, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) {
    write_if(LogLevel::warn, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) {
    write_if(LogLevel::error, format, std::forward<Args>(args)...);
  }

 private:
  template <class... Args>
  void write_if(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
    if (level >= level_) write(level, fmt::format(format, std::forward<Args>(args)...));
  }
  void write(LogLevel level, std::string_view text);

  LogLevel level_;
  struct Sink;
  std::unique_ptr<Sink> sink_;
};

// `text` with control characters (terminal escapes, CR, LF) written as \xNN: safe on a terminal.
std::string printable(std::string_view text);

}  // namespace pilot
