// A secret text: cannot be copied by accident or printed, wiped when it goes. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace pilot {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text);  // wipes what is left in `text`
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  // Named so that it can be searched for: every place that looks inside.
  std::string_view reveal() const { return text_; }
  bool empty() const { return text_.empty(); }
  Secret clone() const { return Secret{text_}; }

 private:
  std::string text_;
};

void wipe(std::string& text);  // zeroes the bytes, then empties

}  // namespace pilot
