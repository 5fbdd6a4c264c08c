// A plan document (JSON; the old service's forms too) to the normal form of model/plan.h. Pure.
#pragma once

#include "model/plan.h"
#include "model/problem.h"

namespace pilot::plan {

// All problems at once; pointers into `document` as it was given. Accepts a bare list of steps,
// {steps: [...]}, and every form under "What the old service wrote must still run" of design.md.
// Unknown keys are refused with the nearest known one (but old documents' decorations are let
// through: order, description, plain_english, icon, ... see legacy.h). Codes: not_an_object,
// missing_steps, missing_key, unknown_key, wrong_type, invalid_value, duplicate_step_id,
// invalid_step_id, plan_too_large, not_supported. At most 100 problems; with any of them the plan
// is only what could be read.
struct Loaded {
  Plan plan;
  Problems problems;  // empty: fine
};
Loaded load_plan(const Json& document);

// The normal form as a document again; load_plan(to_document(p)) gives p.
Json to_document(const Plan& plan);

}  // namespace pilot::plan
