#include "options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace pilot::bench {
namespace {

constexpr std::string_view kParts[] = {
    "w1",   "w2",    "references", "start",    "acceptance", "sleepers", "schedules", "cron", "jq",
    "list", "nodes", "auth",       "requests", "catalogue",  "calls",    "in_flight", "pages"};

// The others are measured without a database, or on SQLite's.
constexpr std::string_view kOnPostgres[] = {"w1",         "w2",   "references", "start",
                                            "acceptance", "list", "nodes",      "auth"};
constexpr std::string_view kOnPostgresOnly[] = {"list", "nodes"};

Error bad_option(std::string message) { return invalid("bad_option", std::move(message)); }

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> pieces;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    if (end > at) pieces.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return pieces;
}

Status set_connections(Options& options, std::string_view value) {
  options.connections.clear();
  for (const std::string& piece : split(value)) {
    int count = 0;
    const auto read = std::from_chars(piece.data(), piece.data() + piece.size(), count);
    if (read.ec != std::errc{} || read.ptr != piece.data() + piece.size() || count < 1 ||
        count > 4'000) {
      return bad_option("--connections wants numbers from 1 to 4000, as in 1,16,100");
    }
    options.connections.push_back(count);
  }
  return ok();
}

Status set_only(Options& options, std::string_view value) {
  for (const std::string& piece : split(value)) {
    if (std::find(std::begin(kParts), std::end(kParts), piece) == std::end(kParts)) {
      return bad_option(fmt::format("--only knows {}, not \"{}\"", fmt::join(kParts, ", "), piece));
    }
    options.only.push_back(piece);
  }
  return ok();
}

Status set_seconds(Options& options, const std::string& value) {
  char* end = nullptr;
  options.seconds = std::strtod(value.c_str(), &end);
  if (end == value.c_str() || *end != '\0' || !(options.seconds > 0 && options.seconds <= 3'600)) {
    return bad_option("--seconds wants a number of seconds, more than 0");
  }
  return ok();
}

Status set_rows(Options& options, const std::string& value) {
  const char* end = value.data() + value.size();
  const auto read = std::from_chars(value.data(), end, options.rows);
  if (read.ec != std::errc{} || read.ptr != end || options.rows < 1'000 ||
      options.rows > 100'000'000) {
    return bad_option("--rows wants a number from 1000 to 100000000");
  }
  return ok();
}

Status set_store(Options& options, const std::string& value) {
  if (value != "sqlite" && value != "postgres") {
    return bad_option(fmt::format("--store is sqlite or postgres, not \"{}\"", value));
  }
  options.store = value;
  return ok();
}

Status set(Options& options, std::string_view name, const std::string& value) {
  if (name == "--output") {
    options.output = value;
  } else if (name == "--pilot") {
    options.pilot = value;
  } else if (name == "--seconds") {
    return set_seconds(options, value);
  } else if (name == "--connections") {
    return set_connections(options, value);
  } else if (name == "--only") {
    return set_only(options, value);
  } else if (name == "--store") {
    return set_store(options, value);
  } else if (name == "--rows") {
    return set_rows(options, value);
  } else {
    return bad_option(fmt::format("no such option: {}", name));
  }
  return ok();
}

}  // namespace

namespace {

template <std::size_t N>
bool is_of(const std::string_view (&parts)[N], std::string_view part) {
  return std::find(std::begin(parts), std::end(parts), part) != std::end(parts);
}

Status parts_and_store_fit(const Options& options) {
  for (const std::string& part : options.only) {
    const bool fits =
        options.on_postgres() ? is_of(kOnPostgres, part) : !is_of(kOnPostgresOnly, part);
    if (!fits) {
      return bad_option(fmt::format("--only {} is not measured on {}", part, options.store));
    }
  }
  return ok();
}

}  // namespace

bool Options::wants(std::string_view part) const {
  return only.empty() || std::find(only.begin(), only.end(), part) != only.end();
}

Result<Options> read_options(int argc, char** argv) {
  Options options;
  std::error_code failed;
  const std::filesystem::path here =
      std::filesystem::read_symlink("/proc/self/exe", failed).parent_path();
  options.pilot = here / "pilot";
  const char* temp = std::getenv("TMPDIR");
  options.temp_dir = temp == nullptr || *temp == '\0' ? here : std::filesystem::path(temp);
  for (int at = 1; at < argc; ++at) {
    std::string name = argv[at];
    if (name == "--help" || name == "-h") {
      options.help = true;
      return options;
    }
    std::string value;
    if (const std::size_t equals = name.find('='); equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    } else if (at + 1 < argc) {
      value = argv[++at];
    } else {
      return bad_option(fmt::format("{} wants a value, or does not exist", name));
    }
    if (Status done = set(options, name, value); !done) return done.error();
  }
  if (Status fit = parts_and_store_fit(options); !fit) return fit.error();
  options.temp_dir = std::filesystem::absolute(options.temp_dir);  // the servers get paths from it
  return options;
}

std::string usage() {
  return fmt::format(
      "pilot-bench [--store sqlite|postgres] [--output FILE] [--seconds N] "
      "[--connections 1,16,100]\n            [--pilot PATH] [--only PART,...] [--rows N]\n"
      "  --store        where the server keeps everything (default sqlite); postgres wants the URL "
      "of a\n                 cluster's superuser in PILOT_BENCH_POSTGRES, which ./dev bench sees "
      "to\n"
      "  --output       also writes the figures there, as JSON\n"
      "  --seconds      measured per row, after a second of warm-up (default 5)\n"
      "  --connections  numbers of connections (default 1,16,100)\n"
      "  --pilot        the program to measure (default: pilot beside this one)\n"
      "  --only         some parts only: {}\n"
      "  --rows         in the table that `list` looks into (default 10000000)\n",
      fmt::join(kParts, ", "));
}

}  // namespace pilot::bench
