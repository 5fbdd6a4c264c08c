// Provider `groq`. Pure; any thread.
#include "providers/chat_completions.h"

namespace pilot::providers {

void register_groq(Registry& registry) {
  register_chat_vendor(registry, {.name = "groq",
                                  .title = "Groq",
                                  .docs = "https://console.groq.com/docs/api-reference",
                                  .base_url = "https://api.groq.com/openai/v1",
                                  .default_model = "llama-3.3-70b-versatile",
                                  .aliases = {},
                                  .action_aliases = {"chat"}});
}

}  // namespace pilot::providers
