#include "api/router.h"

#include <stdexcept>

#include "api/problem.h"

namespace pilot::api {

// One part of a path. Depth is that of the longest pattern, so matching is bounded by the table,
// not by the request.
struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> part;  // {any}
  std::map<Method, Handler> handlers;
  std::vector<std::string> names;  // of the {parts} on the way here

  using Values = std::vector<const std::string*>;

  // The node for path[depth...], with the values of {parts} in `values`; null when there is none.
  const Node* find(const std::vector<std::string>& path, std::size_t depth, Values& values) const {
    if (depth == path.size()) return handlers.empty() ? nullptr : this;
    if (const auto literal = literals.find(path[depth]); literal != literals.end()) {
      if (const Node* found = literal->second->find(path, depth + 1, values)) return found;
    }
    if (part == nullptr || path[depth].empty()) return nullptr;
    values.push_back(&path[depth]);
    if (const Node* found = part->find(path, depth + 1, values)) return found;
    values.pop_back();
    return nullptr;
  }
};

namespace {

std::string allowed(const std::map<Method, Handler>& handlers) {
  std::string out;
  for (const auto& [method, handler] : handlers) {
    if (!out.empty()) out += ", ";
    out += to_string(method);
    if (method == Method::get) out += ", HEAD";
  }
  return out;
}

}  // namespace

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::add(Method method, std::string_view pattern, Handler handler) {
  if (pattern.empty() || pattern.front() != '/') throw std::logic_error("pattern without /");
  Node* node = root_.get();
  std::vector<std::string> names;
  std::string_view rest = pattern.substr(1);
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
    if (segment.starts_with('{') && segment.ends_with('}')) {
      names.emplace_back(segment.substr(1, segment.size() - 2));
      if (!node->part) node->part = std::make_unique<Node>();
      node = node->part.get();
    } else {
      auto& next = node->literals[std::string(segment)];
      if (!next) next = std::make_unique<Node>();
      node = next.get();
    }
  }
  if (!node->handlers.empty() && node->names != names) {
    throw std::logic_error("two names for one part: " + std::string(pattern));
  }
  node->names = std::move(names);
  if (!node->handlers.emplace(method, std::move(handler)).second) {
    throw std::logic_error("route added twice: " + std::string(pattern));
  }
}

Router::Choice Router::choose(Request& request) const {
  if (guard_) {
    if (auto refusal = guard_(request)) return {nullptr, std::move(refusal)};
  }
  Node::Values values;
  const Node* node = root_->find(request.path, 0, values);
  if (node == nullptr) {
    return {nullptr, problem(not_found("there is nothing at this path; GET /api/health answers"))};
  }
  auto found = node->handlers.find(request.method);
  if (found == node->handlers.end() && request.method == Method::head) {
    found = node->handlers.find(Method::get);
  }
  if (found == node->handlers.end()) {
    const std::string allow = allowed(node->handlers);
    Response refusal =
        problem(invalid("method_not_allowed", "this path answers to " + allow + " only"), 405);
    refusal.headers.emplace_back("Allow", allow);
    return {nullptr, std::move(refusal)};
  }
  request.params.clear();
  for (std::size_t i = 0; i < values.size(); ++i) {
    request.params.emplace_back(node->names[i], *values[i]);
  }
  return {&found->second, std::nullopt};
}

awaitable<Response> Router::handle(Request& request) const {
  Choice choice = choose(request);
  if (choice.refusal) co_return std::move(*choice.refusal);
  co_return co_await (*choice.handler)(request);
}

}  // namespace pilot::api
