// Every limit in one place: what comes from outside is bounded by these. Sizes in bytes unless the
// name says otherwise. docs/api.md and docs/plans.md tell users of them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace pilot::limits {

using namespace std::chrono_literals;

// inbound HTTP
inline constexpr std::size_t kBody = 10u << 20;
inline constexpr std::size_t kHeaderCount = 100;
inline constexpr std::size_t kHeaderBytes = 8u << 10;    // one header
inline constexpr std::size_t kHeadersBytes = 32u << 10;  // all of them
inline constexpr std::size_t kRequestLine = 8u << 10;
inline constexpr auto kReadTimeout = 30s;  // headers, body, and the answer's write
inline constexpr auto kKeepAlive = 75s;
inline constexpr std::size_t kConnections = 10'000;  // per process
inline constexpr std::size_t kSseClients = 1'000;
inline constexpr std::size_t kSseQueue = 256u << 10;  // unsent bytes, then the client is dropped

// JSON and YAML
inline constexpr std::size_t kJsonDepth = 100;
inline constexpr std::size_t kJsonKeys = 100'000;
inline constexpr std::size_t kNumberLength = 1'000;
inline constexpr std::size_t kYamlNodes = 100'000;  // after aliases are expanded

// plans
inline constexpr std::size_t kPlanBytes = 1u << 20;
inline constexpr std::size_t kPlanSteps = 1'000;
inline constexpr std::size_t kPlanNesting = 20;
inline constexpr std::size_t kPlanReferences = 10'000;
inline constexpr std::size_t kPlanName = 200;             // characters
inline constexpr std::size_t kTemplateBytes = 64u << 10;  // one string with references
inline constexpr std::size_t kPatternBytes = 1u << 10;    // a regular expression
inline constexpr std::size_t kReferencePath = 100;        // parts after the root
inline constexpr std::size_t kJqProgram = 64u << 10;      // one program
inline constexpr std::int64_t kForeachItems = 10'000;
inline constexpr std::int64_t kForeachConcurrency = 100;
inline constexpr std::int64_t kVisits = 10'000;        // jumps back, per run
inline constexpr std::int64_t kRunAttempts = 100'000;  // rows of one run: nested loops multiply
inline constexpr std::size_t kStepOutput = 5u << 20;
inline constexpr std::size_t kRunOutput = 50u << 20;  // all outputs of a run
inline constexpr std::size_t kString = 1u << 20;      // a text that filters or templates make
inline constexpr auto kWait = std::chrono::hours{24 * 366};
inline constexpr auto kStepTimeout = 24h;
inline constexpr auto kDefaultStepTimeout = 30s;
inline constexpr int kRetryAttempts = 100;
inline constexpr auto kRetryAfter = 5min;  // a longer Retry-After is cut to this

// import of OpenAPI documents
inline constexpr std::size_t kOpenApiBytes = 10u << 20;
inline constexpr std::size_t kOpenApiDepth = 200;
inline constexpr std::size_t kOpenApiKeys = 1'000'000;     // also values of a YAML document
inline constexpr std::size_t kOpenApiOperations = 10'000;  // taken from one
inline constexpr std::size_t kManifestBytes = 20u << 20;   // what they become

// outbound
inline constexpr std::size_t kResponseBytes = kStepOutput;
inline constexpr std::size_t kResponseHeaders = 256u << 10;
inline constexpr int kRedirects = 5;
inline constexpr long kCurlConnections = 2'048;  // kept for reuse
inline constexpr std::size_t kRequestBody = 10u << 20;
inline constexpr int kExchanges = 1'000;                 // of one call: the pages of a list
inline constexpr std::size_t kTokenAnswer = 256u << 10;  // what a token endpoint may say
inline constexpr auto kSignInTimeout = 30s;              // one exchange with a token endpoint
// A grant that nobody uses is renewed after so long: vendors drop them unused, after 28 days
// (Podio), 60 (Xero, Airtable, Pipedrive), 90 (Microsoft, Atlassian, Zoom).
inline constexpr auto kIdleGrant = std::chrono::days{7};

// databases, queues, files: calls that block a thread of their own
inline constexpr unsigned kTaskThreads = 32;           // at once, per process
inline constexpr unsigned kTasksOfUser = 16;           // of these, for one user
inline constexpr auto kTaskGrace = 1s;                 // to end after a timeout or a cancellation
inline constexpr unsigned kLookUpThreads = 8;          // resolvers that hang hold one each
inline constexpr std::size_t kQueryRows = 50'000;      // of one result
inline constexpr std::size_t kQueryBytes = 64u << 10;  // the text of one statement
inline constexpr std::size_t kQueryValues = 10'000;    // bound to one statement
inline constexpr std::int64_t kSqliteBytes = 1 << 30;  // one file

// engine
inline constexpr std::size_t kQueuedRuns = 10'000;  // accepted and not yet finished or asleep
inline constexpr auto kJournalDelay = 50ms;         // oldest unflushed row
inline constexpr auto kParkAfter = 2s;              // a longer sleep leaves memory
inline constexpr std::size_t kPreviewCharacters = 500;

// schedules
inline constexpr std::size_t kCronExpression = 200;         // one expression
inline constexpr std::int64_t kSchedules = 250'000;         // of one user
inline constexpr std::int64_t kScheduleInstances = 10'000;  // max_instances
inline constexpr auto kScheduleJitter = 24h;
inline constexpr auto kMisfireGrace = std::chrono::hours{24 * 366};
inline constexpr std::int64_t kCatchUpRuns = 1'000;        // of one schedule at one time
inline constexpr std::int64_t kCountedInstants = 100'000;  // missed ones, past it: "many"

// lists
inline constexpr std::int64_t kPageDefault = 50;
inline constexpr std::int64_t kPageMax = 500;

// credentials
inline constexpr std::size_t kCredentialValue = 64u << 10;
inline constexpr std::size_t kNameLength = 100;  // provider, action, connection, type

// custom integrations
inline constexpr std::int64_t kCustomIntegrations = 1'000;  // of one user
inline constexpr std::size_t kCustomActions = 1'000;        // of one integration

// who is calling
inline constexpr std::int64_t kKeys = 1'000;    // of one user, not revoked
inline constexpr std::int64_t kSessions = 100;  // of one user; a new one ends the oldest
inline constexpr auto kSessionLife = std::chrono::hours{24 * 14};  // since it was last used
inline constexpr std::size_t kAllowedHosts = 1'000;                // rules of one user's list
inline constexpr std::size_t kPasswordLeast = 8;
inline constexpr std::size_t kPasswordBytes = 1'024;
inline constexpr auto kIdentityCache = 1s;  // how late a revoked key is noticed by other nodes
inline constexpr std::size_t kCachedKeys = 10'000;  // per shard
inline constexpr std::size_t kUnknownKeys = 1'000;  // of those that there are none of, per shard
inline constexpr std::size_t kPasswordQueue = 16;   // sign-ins that wait for a thread
inline constexpr int kLoginTries = 10;              // at once, of one account and of one address
inline constexpr auto kLoginInterval = 6s;          // one more try

}  // namespace pilot::limits
