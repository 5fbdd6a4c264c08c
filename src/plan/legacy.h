// The forms that the old service wrote (design.md, "What the old service wrote must still run"),
// each turned into today's. Internal to load*.cc; pure.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "model/plan.h"
#include "plan/fields.h"

namespace pilot::plan {

// What old documents carry for people and for the old planner's eyes only: accepted and dropped.
inline constexpr std::array<std::string_view, 9> kPlanDecorations{"title",
                                                                  "summary",
                                                                  "plain_english",
                                                                  "icon",
                                                                  "category",
                                                                  "version",
                                                                  "required_providers",
                                                                  "estimated_time",
                                                                  "estimated_duration"};
inline constexpr std::array<std::string_view, 10> kStepDecorations{
    "order",         "description", "title",
    "icon",          "color",       "plain_english",
    "step_number",   "category",    "required_providers",
    "estimated_time"};

// The order to read a list of steps in, as indices: by `order` when every step has a whole one
// (stable), else as written.
std::vector<std::size_t> reading_order(const JsonArray& steps);

// A step's name where it stands as a number or as digits in a text: 2 -> "step_2" (`prefix`
// "step"). A text that is not digits is given back as it is; empty for anything else.
std::string step_name(const Json& value, std::string_view prefix);

// The id of a step without `id`: its `step_number` if it has one, else `n` (from 1).
std::string default_id(const Fields& step, std::string_view prefix, std::size_t n);

// `items_source` of a loop: "step_1.output", "{{step_1.output}}", "${...}" -> "${steps.0.output}".
std::string reference_from_items_source(std::string_view text);

// {type: cron, cron_expression}, {type, config: {...}} -> {type: manual|schedule|webhook|event,
// ...}.
Json normal_trigger(Fields& plan);

// "step_3" in `depends_on` and `else_jump` means the third step of its list when none has that id.
// What `depends_on` names twice, by id and by number even, is kept once.
void resolve_numbered_names(std::vector<Step>& body, std::string_view prefix);

}  // namespace pilot::plan
