// Any bytes as a request target, and as the head of a request: no crash, and what is accepted is
// bounded and valid.
#include <cstdint>
#include <cstdlib>

#include "api/head.h"
#include "api/request.h"
#include "base/json.h"
#include "model/limits.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pilot;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  api::Request request;
  if (api::parse_target(bytes, request)) {
    for (const std::string& segment : request.path) {
      if (!is_valid_utf8(segment) || segment.find('\0') != std::string::npos) std::abort();
    }
    for (const auto& [name, value] : request.query) {
      if (request.query_value(name) != value) std::abort();
    }
  }
  // However the bytes are split, the answer is the same.
  std::size_t whole = 0;
  const api::HeadScan at_once = api::scan_head(bytes, whole);
  std::size_t scanned = 0;
  for (std::size_t n = 1; n <= size && size <= 512; ++n) {
    const api::HeadScan piece = api::scan_head(bytes.substr(0, n), scanned);
    if (piece.refusal) break;
    if (piece.end) {
      if (!at_once.refusal && at_once.end != piece.end) std::abort();
      break;
    }
  }
  if (at_once.end && *at_once.end > limits::kHeadersBytes + limits::kRequestLine + 4) std::abort();
  return 0;
}
