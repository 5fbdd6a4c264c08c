// Secrets to be searched for: each in all the forms in which it could come back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pilot::e2e {

struct Canary {
  std::string name;
  std::string value;
};

// Raw, base64 (both alphabets, three alignments), hex, percent-encoded once and twice, JSON- and
// HTML-escaped; of a value of several lines also each long line.
std::vector<std::string> forms_of(const std::string& secret);

// A failure of the test for each form of each that `text` holds.
void expect_none(const std::vector<Canary>& canaries, std::string_view text,
                 const std::string& where);

}  // namespace pilot::e2e
