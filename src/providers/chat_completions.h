// Chat completions as OpenAI defined them and others serve them: one provider is one vendor's
// address, default model and name. Pure; any thread.
#pragma once

#include <string>

#include "providers/registry.h"

namespace pilot::providers {

struct ChatVendor {
  std::string name;
  std::string title;
  std::string docs;
  std::string base_url;       // without a slash at the end
  std::string default_model;  // a step may name another
  std::vector<std::string> aliases;
  std::vector<std::string> action_aliases;
};

// Action chat_completion; output {text, json?, tool_calls?, finish_reason, model}, metadata.usage
// {input_tokens, output_tokens, total_tokens, raw}. Error codes beside those of answer.h:
// missing_credentials, model_refused, content_filtered, output_truncated, bad_model_output.
void register_chat_vendor(Registry& registry, ChatVendor vendor);

}  // namespace pilot::providers
