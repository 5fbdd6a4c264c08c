// Any text either compiles or is refused with a place; never more, whatever it is.
#include <cstdlib>

#include "jq/jq.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace pilot;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto program = jq::compile(text, {"x"});
  if (!program && program.error().message.empty()) std::abort();
  (void)jq::compile_filter(text, {"x"});
  return 0;
}
