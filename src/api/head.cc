#include "api/head.h"

#include <charconv>

#include "api/problem.h"
#include "model/limits.h"

namespace pilot::api {
namespace {

Response closing(Response response) {
  response.close = true;
  return response;
}

Response too_long(int status, std::string code, std::string message, std::size_t limit,
                  std::optional<std::size_t> actual) {
  const Error error{ErrorKind::too_large, std::move(code), std::move(message), {}};
  return closing(problem(error, Exceeded{limit, actual}, status));
}

Response line_too_long(std::size_t actual) {
  return too_long(414, "request_line_too_long",
                  fmt::format("the request line is longer than {} bytes", limits::kRequestLine),
                  limits::kRequestLine, actual);
}

Response headers_too_large(std::string_view what, std::size_t limit,
                           std::optional<std::size_t> actual) {
  return too_long(431, "headers_too_large", std::string(what), limit, actual);
}

// Line ends are CRLF, no line goes on in the next one, and each is within its limits.
std::optional<Response> judge_lines(std::string_view head) {
  std::size_t count = 0;
  std::size_t begin = 0;
  while (begin < head.size()) {
    const std::size_t end = head.find('\n', begin);
    const std::string_view line = head.substr(begin, end - begin);
    if (line.empty() || line.back() != '\r') return bad_request("lines must end with CR LF");
    if (line.find('\r') != line.size() - 1) return bad_request("a CR stands alone");
    if (begin == 0) {
      if (line.size() > limits::kRequestLine) return line_too_long(line.size() - 1);
    } else if (line.front() == ' ' || line.front() == '\t') {
      return bad_request("a header goes on in the next line (obs-fold)");
    } else if (line.size() > limits::kHeaderBytes) {
      return headers_too_large(
          fmt::format("a header is longer than {} bytes", limits::kHeaderBytes),
          limits::kHeaderBytes, line.size() - 1);
    } else if (line.size() > 1 && ++count > limits::kHeaderCount) {
      return headers_too_large(fmt::format("more than {} headers", limits::kHeaderCount),
                               limits::kHeaderCount, std::nullopt);
    }
    begin = end + 1;
  }
  return std::nullopt;
}

// What can be known early to be no HTTP/1 (TLS, HTTP/0.9, an empty line) is not waited for.
std::optional<Response> judge_start(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  if (bytes.front() < 'A' || bytes.front() > 'z') return bad_request("it does not begin a request");
  const std::size_t line = bytes.substr(0, limits::kRequestLine + 2).find('\n');
  if (line != std::string_view::npos &&
      bytes.substr(0, line).find(" HTTP/") == std::string_view::npos) {
    return bad_request("the request line names no HTTP version");
  }
  return std::nullopt;
}

std::size_t header_bytes(std::string_view bytes) {
  const std::size_t line = bytes.find('\n');
  return line == std::string_view::npos ? 0 : bytes.size() - line - 1;
}

}  // namespace

Response bad_request(std::string_view what) {
  return closing(problem(
      invalid("bad_request", fmt::format("this is not a request that can be answered: {}", what))));
}

Response body_too_large(std::size_t limit, std::optional<std::uint64_t> actual) {
  return closing(
      problem(too_large("body_too_large", fmt::format("the body is larger than {} bytes", limit)),
              Exceeded{limit, actual}));
}

HeadScan scan_head(std::string_view bytes, std::size_t& scanned) {
  const std::size_t from = scanned < 3 ? 0 : scanned - 3;
  const std::size_t empty_line = bytes.find("\r\n\r\n", from);
  scanned = bytes.size();
  if (auto refusal = judge_start(bytes)) return {std::nullopt, std::move(refusal)};
  if (empty_line == std::string_view::npos) {
    if (bytes.size() > limits::kRequestLine + 2 &&
        bytes.substr(0, limits::kRequestLine + 2).find('\n') == std::string_view::npos) {
      return {std::nullopt, line_too_long(bytes.size())};
    }
    if (header_bytes(bytes) > limits::kHeadersBytes) {
      return {std::nullopt, headers_too_large(fmt::format("the headers are larger than {} bytes",
                                                          limits::kHeadersBytes),
                                              limits::kHeadersBytes, std::nullopt)};
    }
    // A client that ends its lines with LF alone never sends the empty line; do not wait for it.
    if (bytes.find("\n\n", from == 0 ? 0 : from - 1) != std::string_view::npos) {
      return {std::nullopt, bad_request("lines must end with CR LF")};
    }
    return {};
  }
  const std::string_view head = bytes.substr(0, empty_line + 4);
  if (auto refusal = judge_lines(head)) return {std::nullopt, std::move(refusal)};
  if (header_bytes(head) > limits::kHeadersBytes) {
    return {std::nullopt, headers_too_large(fmt::format("the headers are larger than {} bytes",
                                                        limits::kHeadersBytes),
                                            limits::kHeadersBytes, header_bytes(head))};
  }
  return {head.size(), std::nullopt};
}

namespace {

// Digits only: no sign, no list, no space.
std::optional<std::uint64_t> parse_length(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Seen {
  int hosts = 0;
  int lengths = 0;
  int encodings = 0;
};

std::optional<Response> take(const HeaderView& header, Seen& seen, Framing& out) {
  if (equals_ignoring_case(header.name, "Host")) {
    ++seen.hosts;
  } else if (equals_ignoring_case(header.name, "Content-Length")) {
    const auto length = parse_length(header.value);
    if (!length || ++seen.lengths > 1) return bad_request("Content-Length must be one number");
    out.length = *length;
  } else if (equals_ignoring_case(header.name, "Transfer-Encoding")) {
    if (++seen.encodings > 1 || !equals_ignoring_case(header.value, "chunked")) {
      return bad_request("the only Transfer-Encoding is chunked");
    }
    out.chunked = true;
  } else if (equals_ignoring_case(header.name, "Upgrade")) {
    if (equals_ignoring_case(header.value.substr(0, 3), "h2c")) {
      return bad_request("there is no HTTP/2 here");
    }
  } else if (equals_ignoring_case(header.name, "Expect")) {
    if (!equals_ignoring_case(header.value, "100-continue")) {
      return closing(problem(
          invalid("expectation_failed", "the only Expect that is met is 100-continue"), 417));
    }
    out.expects_continue = true;
  }
  return std::nullopt;
}

}  // namespace

Framing judge_framing(const std::vector<HeaderView>& headers, bool http11, std::size_t max_body) {
  Framing out;
  Seen seen;
  for (const HeaderView& header : headers) {
    if ((out.refusal = take(header, seen, out))) return out;
  }
  if (seen.lengths > 0 && out.chunked) {
    out.refusal = bad_request("Content-Length and Transfer-Encoding exclude each other");
  } else if (out.chunked && !http11) {
    out.refusal = bad_request("HTTP/1.0 has no Transfer-Encoding");
  } else if (seen.hosts > 1 || (http11 && seen.hosts == 0)) {
    out.refusal = bad_request("there must be one Host header");
  } else if (out.length > max_body) {
    out.refusal = body_too_large(max_body, out.length);
  }
  return out;
}

}  // namespace pilot::api
