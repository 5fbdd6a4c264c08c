// Provider `openai` (old name: chatgpt). Pure; any thread.
#include "providers/chat_completions.h"

namespace pilot::providers {

void register_openai(Registry& registry) {
  register_chat_vendor(registry, {.name = "openai",
                                  .title = "OpenAI",
                                  .docs = "https://platform.openai.com/docs/api-reference/chat",
                                  .base_url = "https://api.openai.com/v1",
                                  .default_model = "gpt-4o-mini",
                                  .aliases = {"chatgpt"},
                                  .action_aliases = {"chat"}});
}

}  // namespace pilot::providers
