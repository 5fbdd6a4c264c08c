#include "providers/manifest/pages.h"

#include <algorithm>
#include <limits>

#include "http/url.h"
#include "providers/answer.h"
#include "providers/http_call.h"
#include "providers/manifest/read.h"

namespace pilot::providers::manifest {
namespace {

constexpr int kPages = 1'000;

std::int64_t limit_of(const Call& call) {
  if (flag(call.params, "all", false)) return std::numeric_limits<std::int64_t>::max();
  const Json* limit = find(call.params, "limit");
  return limit != nullptr && limit->is_int64() ? limit->get_int64() : 100;
}

// RFC 8288: the target of the first link with that rel.
std::string link_target(std::string_view header, std::string_view rel) {
  while (!header.empty()) {
    const std::size_t open = header.find('<');
    const std::size_t close = header.find('>', open);
    if (open == std::string_view::npos || close == std::string_view::npos) return {};
    const std::string_view target = header.substr(open + 1, close - open - 1);
    const std::size_t next = header.find('<', close);
    const std::string_view params = header.substr(
        close, next == std::string_view::npos ? std::string_view::npos : next - close);
    if (params.find(fmt::format("rel=\"{}\"", rel)) != std::string_view::npos ||
        params.find(fmt::format("rel={}", rel)) != std::string_view::npos) {
      return std::string(target);
    }
    header = next == std::string_view::npos ? "" : header.substr(next);
  }
  return {};
}

bool is_false(const std::optional<Json>& value) {
  return !value || value->is_null() || (value->is_bool() && !value->get_bool()) ||
         (value->is_string() && (value->get_string().empty() || value->get_string() == "false"));
}

class ListPages final : public Conversation {
 public:
  ListPages(ActionPtr spec, const Call& call)
      : spec_(std::move(spec)), mark_(first_page(*spec_, call)), limit_(limit_of(call)) {
    if (spec_->manner.pages) at_ = spec_->manner.pages->start;
  }

  std::variant<http::Request, ProviderResult> take(const Call& call,
                                                   const http::Response& response) override;

 private:
  std::optional<Json> run(const jq::ProgramPtr& program, const Json& body,
                          const http::Response& response) const;
  // False with a failure in `wrong`: what should be a list is none.
  bool keep_items(const Json& body, const http::Response& response, std::size_t& count);
  // The mark of the next page; none at the end. An error for a page elsewhere.
  Result<std::optional<PageMark>> next(const Json& body, const http::Response& response,
                                       std::size_t count);
  Result<std::optional<PageMark>> at_url(const std::string& target,
                                         const http::Response& response) const;
  PageMark with(Json value) const;

  ActionPtr spec_;
  PageMark mark_;
  std::int64_t limit_;
  std::int64_t at_ = 0;  // page number or offset
  int pages_ = 0;
  std::size_t bytes_ = 0;
  JsonArray items_;
  std::string cursor_;
};

std::optional<Json> ListPages::run(const jq::ProgramPtr& program, const Json& body,
                                   const http::Response& response) const {
  if (!program) return std::nullopt;
  Result<std::optional<Json>> out = jq::run_first(*program, body, program_vars(response));
  return out ? std::move(*out) : std::nullopt;
}

bool ListPages::keep_items(const Json& body, const http::Response& response, std::size_t& count) {
  std::optional<Json> found = run(spec_->items, body, response);
  if (!found || found->is_null()) return !body.is_string();  // no list here: an empty one
  if (!found->is_array()) return false;
  count = found->get_array().size();
  for (Json& item : found->get_array()) {
    if (static_cast<std::int64_t>(items_.size()) >= limit_) break;
    bytes_ += json_size(item) + 1;
    items_.push_back(std::move(item));
  }
  return true;
}

PageMark ListPages::with(Json value) const {
  PageMark mark = mark_;
  auto& into = spec_->manner.pages->place == Place::body ? mark.body : mark.query;
  std::erase_if(into, [&](const auto& pair) { return pair.first == spec_->manner.pages->as; });
  into.emplace_back(spec_->manner.pages->as, std::move(value));
  return mark;
}

// Credentials go along: only to the server that gave the link.
Result<std::optional<PageMark>> ListPages::at_url(const std::string& target,
                                                  const http::Response& response) const {
  if (target.empty()) return std::optional<PageMark>{};
  const Result<http::Url> here = http::parse_url(response.url);
  if (!here) return here.error();
  const Result<http::Url> there = http::join(*here, target);
  if (!there || !there->same_origin(*here)) {
    return invalid("host_not_allowed",
                   "the next page is said to be at another server; pages are "
                   "only followed at the same one");
  }
  PageMark mark;
  mark.url = there->text();
  return std::optional(std::move(mark));
}

Result<std::optional<PageMark>> ListPages::next(const Json& body, const http::Response& response,
                                                std::size_t count) {
  const Pages& pages = *spec_->manner.pages;
  if (pages.more && is_false(run(pages.more, body, response))) return std::optional<PageMark>{};
  switch (pages.kind) {
    case Pages::Kind::link: {
      const auto header = response.header("link");
      return at_url(header ? link_target(*header, pages.rel) : "", response);
    }
    case Pages::Kind::next: {
      const auto url = run(pages.value, body, response);
      return at_url(url && url->is_string() ? std::string(as_view(url->get_string())) : "",
                    response);
    }
    case Pages::Kind::cursor: {
      const auto cursor = run(pages.value, body, response);
      const std::string text = cursor ? scalar_text(*cursor).value_or("") : "";
      if (text.empty() || text == "false" || text == cursor_) return std::optional<PageMark>{};
      cursor_ = text;
      return std::optional(with(*cursor));
    }
    case Pages::Kind::page:
    case Pages::Kind::offset:
      break;
  }
  if (count == 0) return std::optional<PageMark>{};
  const auto all = run(pages.pages, body, response);
  const bool full = pages.size == 0 || static_cast<std::int64_t>(count) >= pages.size;
  if (pages.kind == Pages::Kind::page) {
    const bool last = all && all->is_int64() && at_ - pages.start + 1 >= all->get_int64();
    if (last || (!all && !pages.more && !full)) return std::optional<PageMark>{};
    return std::optional(with(Json(++at_)));
  }
  if (!pages.more && !full) return std::optional<PageMark>{};
  at_ += static_cast<std::int64_t>(count);
  return std::optional(with(Json(at_)));
}

std::variant<http::Request, ProviderResult> ListPages::take(const Call& call,
                                                            const http::Response& response) {
  Result<Json> body = read_body(*spec_, response);
  if (auto failure = failure_of(*spec_, call, response, body ? &*body : nullptr)) {
    return std::move(*failure);
  }
  if (!body) return bad_response(response, body.error().message);
  std::size_t count = 0;
  if (!keep_items(*body, response, count)) {
    return bad_response(response, "the answer has no list where the manifest says (`items`)");
  }
  ++pages_;
  if (bytes_ > limits::kStepOutput) {
    return ProviderResult::fail(
        {.code = "output_too_large",
         .message = fmt::format("after {} items the list has {} bytes, the limit is {}: ask for "
                                "fewer with `limit`",
                                items_.size(), bytes_, limits::kStepOutput)});
  }
  bool more = false;
  if (spec_->manner.pages) {
    Result<std::optional<PageMark>> mark = next(*body, response, count);
    if (!mark) {
      return ProviderResult::fail(
          {.code = std::string(mark.error().code_or_kind()), .message = mark.error().message});
    }
    more = mark->has_value();
    if (more && pages_ < kPages && static_cast<std::int64_t>(items_.size()) < limit_) {
      Result<http::Request> request = build_request(*spec_, call, **mark);
      if (request) return std::move(*request);
      return ProviderResult::fail({.code = std::string(request.error().code_or_kind()),
                                   .message = request.error().message});
    }
  }
  ProviderResult result =
      finish(*spec_, call, response, std::move(*body), std::optional(std::move(items_)));
  if (result.metadata.is_object()) {
    result.metadata.get_object()["pages"] = pages_;
    result.metadata.get_object()["more"] = more;
  }
  return result;
}

}  // namespace

PageMark first_page(const ActionSpec& spec, const Call& call) {
  PageMark mark;
  if (!spec.lists() || !spec.manner.pages) return mark;
  const Pages& pages = *spec.manner.pages;
  if (pages.size_as.empty()) return mark;
  if (find(call.params, pages.size_as) != nullptr && pages.size_as != "limit") return mark;
  auto& into = pages.place == Place::body ? mark.body : mark.query;
  into.emplace_back(pages.size_as, Json(std::min(pages.size, limit_of(call))));
  return mark;
}

std::unique_ptr<Conversation> list_pages(ActionPtr spec, const Call& call) {
  return std::make_unique<ListPages>(std::move(spec), call);
}

}  // namespace pilot::providers::manifest
