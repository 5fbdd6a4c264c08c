// AWS Signature Version 4 (the vendor's "Signature Version 4 signing process"). Pure; any thread.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "http/message.h"

namespace pilot::providers::manifest {

struct AwsKeys {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  // empty: none
};

// Puts X-Amz-Date, X-Amz-Security-Token and Authorization in (for s3 X-Amz-Content-Sha256, too).
// All headers that are there are signed. Code invalid_url.
Status sign_aws(http::Request& request, const AwsKeys& keys, std::string_view service,
                std::string_view region, WallTime now);

}  // namespace pilot::providers::manifest
