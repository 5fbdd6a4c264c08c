#include "api/router.h"

#include <stdexcept>

#include "api/problem.h"

namespace pilot::api {

// One part of a path. Depth is that of the longest pattern, so matching is bounded by the table,
// not by the request.
struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> part;  // {any}
  struct Entry {
    std::size_t route;  // its place in routes_
    Handler handler;
  };
  std::map<Method, Entry> handlers;
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

template <class Handlers>
std::string allowed(const Handlers& handlers) {
  std::string out;
  for (const auto& [method, entry] : handlers) {
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
  add(Route{method, std::string(pattern), std::nullopt, "", ""}, std::move(handler));
}

void Router::add(Route route, Handler handler) {
  const std::string_view pattern = route.pattern;
  if (pattern.empty() || pattern.front() != '/') throw std::logic_error("pattern without /");
  if (!route.id.empty() && std::any_of(routes_.begin(), routes_.end(),
                                       [&](const Route& r) { return r.id == route.id; })) {
    throw std::logic_error("route id given twice: " + route.id);
  }
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
  if (!node->handlers.emplace(route.method, Node::Entry{routes_.size(), std::move(handler)})
           .second) {
    throw std::logic_error("route added twice: " + std::string(pattern));
  }
  routes_.push_back(std::move(route));
}

Router::Choice Router::find(Request& request) const {
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
  return {&found->second.handler, std::nullopt, &routes_[found->second.route]};
}

awaitable<Router::Choice> Router::choose(Request& request) const {
  Choice choice = find(request);
  request.route = choice.route;
  std::optional<Response> refusal;
  if (guard_) refusal = co_await guard_(request, choice.route);
  if (!refusal && limiter_) refusal = limiter_(request);
  if (refusal) co_return Choice{nullptr, std::move(refusal), choice.route};
  co_return choice;
}

awaitable<Response> Router::answer(const Choice& choice, Request& request) const {
  if (body_guard_ && request.has_body) {
    auto refusal = co_await body_guard_(request);
    if (refusal) co_return std::move(*refusal);
  }
  if (around_) co_return co_await around_(request, *choice.handler);
  co_return co_await (*choice.handler)(request);
}

void Router::observe(const Request& request, const Response& response) const {
  if (observer_) observer_(request, response);
}

awaitable<Response> Router::handle(Request& request) const {
  Choice choice = co_await choose(request);
  Response response;
  if (choice.refusal) {
    response = std::move(*choice.refusal);
  } else {
    response = co_await answer(choice, request);
  }
  observe(request, response);
  co_return response;
}

}  // namespace pilot::api
