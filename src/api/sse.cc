#include "api/sse.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <deque>

#include "api/auth.h"
#include "api/codec_run.h"
#include "api/problem.h"
#include "model/limits.h"

namespace pilot::api {
namespace {

// A row that was on its way to the store when the client joined may be missing in the gap and not
// be told live either, and nothing may follow it: so the store is asked again soon, then now and
// then.
constexpr Millis kSecondLook{500};
constexpr int kMostReads = 20;
// Another node's runs tell nothing live here: where nodes share a store, it is asked so often.
constexpr Millis kSharedLook{1'000};

struct Message {
  std::int64_t revision = 0;
  bool last = false;  // the run has ended
  std::string text;
};

std::string format(std::int64_t revision, std::string_view event, const JsonObject& body) {
  std::string out = fmt::format("id: {}\nevent: {}\ndata: ", revision, event);
  append_json(out, body);
  out += "\n\n";
  return out;
}

Message message_of(const Run& run) {
  return {run.revision, is_terminal(run.state), format(run.revision, "run", run_brief(run))};
}
// An attempt that failed for its connection tells, beside itself, who has to be asked.
Message message_of(const Attempt& attempt) {
  Message out{attempt.revision, false, format(attempt.revision, "attempt", attempt_event(attempt))};
  const Json* details = find(attempt.error, "details");
  const Json* reauth = details == nullptr ? nullptr : find(*details, "needs_reauth");
  if (reauth != nullptr && reauth->is_object()) {
    JsonObject body = reauth->get_object();
    body["run_id"] = attempt.run.text;
    body["step_id"] = attempt.step_id;
    out.text += format(attempt.revision, "connection.needs_reauth", body);
  }
  return out;
}

// One client's stream. On its shard only.
class Feed : public std::enable_shared_from_this<Feed> {
 public:
  Feed(ApiPtr api, const Request& request, RunId run, std::int64_t after,
       boost::asio::any_io_executor executor)
      : api_(std::move(api)),
        user_(request.principal),
        caller_(request.caller),
        shard_(request.shard),
        run_(std::move(run)),
        sent_(after),
        wake_(executor) {}

  void subscribe() {
    subscription_ = api_->services.engine.events().subscribe(
        run_, wake_.get_executor(), [weak = weak_from_this()](engine::EventPtr event) {
          if (const auto self = weak.lock()) self->take(*event);
        });
  }

  // What the store has after the last revision sent, in order; a consistent picture.
  awaitable<Result<std::vector<Message>>> read_gap();
  // Whether nothing will ever come.
  bool finished() const { return finished_; }
  void hold(std::vector<Message> gap) { gap_ = std::move(gap); }
  awaitable<void> pump(StreamWriter& writer);

 private:
  void take(const engine::Event& event);
  awaitable<bool> write(StreamWriter& writer, Message message);
  awaitable<bool> write_gap(StreamWriter& writer);
  awaitable<bool> write_queue(StreamWriter& writer);
  awaitable<void> sleep(Millis most);

  ApiPtr api_;
  UserId user_;
  Principal caller_;
  std::size_t shard_;
  RunId run_;
  std::int64_t sent_;  // the last revision that the client has
  bool finished_ = false;
  std::vector<Message> gap_;
  std::deque<Message> queue_;
  std::size_t queued_bytes_ = 0;
  StreamWriter* writer_ = nullptr;  // while pump runs
  bool overflow_ = false;
  boost::asio::steady_timer wake_;
  std::unique_ptr<engine::EventBus::Subscription> subscription_;
};

awaitable<Result<std::vector<Message>>> Feed::read_gap() {
  store::Store& store = api_->services.store;
  Result<Run> run = co_await store.find_run(user_, run_);
  if (!run) co_return run.error();
  // Run and attempts are two reads; they fit together when the run has not changed in between.
  for (int tries = 0; tries < kMostReads; ++tries) {
    Result<std::vector<Attempt>> attempts = co_await store.run_attempts(user_, run_, sent_);
    if (!attempts) co_return attempts.error();
    Result<Run> again = co_await store.find_run(user_, run_);
    if (!again) co_return again.error();
    if (again->revision != run->revision) {
      run = std::move(again);
      continue;
    }
    std::vector<Message> out;
    for (const Attempt& attempt : *attempts) out.push_back(message_of(attempt));
    if (run->revision > sent_) out.push_back(message_of(*run));
    std::sort(out.begin(), out.end(),
              [](const Message& a, const Message& b) { return a.revision < b.revision; });
    finished_ = is_terminal(run->state);
    co_return out;
  }
  co_return unavailable("busy", "the run changes too fast to follow; try again");
}

void Feed::take(const engine::Event& event) {
  if (event.revision <= sent_ || overflow_) return;
  Message message = std::visit([](const auto& row) { return message_of(row); }, event.body);
  queued_bytes_ += message.text.size();
  queue_.push_back(std::move(message));
  if (queued_bytes_ > limits::kSseQueue) {
    overflow_ = true;
    queue_.clear();
    if (writer_ != nullptr) writer_->drop();
  }
  wake_.cancel();
}

// False: the stream is over.
awaitable<bool> Feed::write(StreamWriter& writer, Message message) {
  if (message.revision <= sent_) co_return true;
  const bool allowed = co_await may_go_on(api_, shard_, caller_, user_);
  if (!allowed) co_return false;
  const bool last = message.last;
  const std::int64_t revision = message.revision;
  const bool written = co_await writer.write(std::move(message.text));
  if (written) sent_ = revision;
  co_return written && !last;
}

awaitable<bool> Feed::write_gap(StreamWriter& writer) {
  std::vector<Message> gap = std::exchange(gap_, {});
  for (Message& message : gap) {
    const bool more = co_await write(writer, std::move(message));
    if (!more) co_return false;
  }
  co_return !finished_;
}

awaitable<bool> Feed::write_queue(StreamWriter& writer) {
  while (!queue_.empty()) {
    Message message = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= message.text.size();
    // Revisions are left out where a row changed twice between two flushes, but also where a row
    // was on its way to the store when the client joined: the store knows which.
    if (message.revision > sent_ + 1) {
      Result<std::vector<Message>> gap = co_await read_gap();
      if (!gap) co_return false;
      gap_ = std::move(*gap);
      const bool open = co_await write_gap(writer);
      if (!open) co_return false;
    }
    const bool more = co_await write(writer, std::move(message));
    if (!more) co_return false;
  }
  co_return true;
}

awaitable<void> Feed::sleep(Millis most) {
  wake_.expires_after(most);
  constexpr auto kAsTuple = boost::asio::as_tuple(boost::asio::use_awaitable);
  co_await wake_.async_wait(kAsTuple);
}

awaitable<void> Feed::pump(StreamWriter& writer) {
  writer_ = &writer;
  writer.on_close([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->wake_.cancel();
  });
  if (overflow_) writer.drop();
  const Millis keep_alive = api_->services.sse_keep_alive;
  const Millis look =
      api_->services.store.shared() ? std::min(kSharedLook, keep_alive) : keep_alive;
  Millis pause = std::min(kSecondLook, keep_alive);
  Millis quiet{0};  // since something was told
  bool more = co_await writer.write("retry: 1000\n\n");
  more = more && co_await write_gap(writer);
  while (more && !writer.closed()) {
    more = co_await write_queue(writer);
    if (!more || writer.closed()) break;
    co_await sleep(pause);
    quiet = queue_.empty() ? quiet + pause : Millis{0};
    if (!queue_.empty() || writer.closed()) continue;
    Result<std::vector<Message>> gap = co_await read_gap();
    // A database that is away comes back; a browser that met a 503 would not.
    if (!gap && gap.error().kind != ErrorKind::unavailable) break;
    if (gap) gap_ = std::move(*gap);
    if (!gap_.empty()) quiet = Millis{0};
    if (quiet >= keep_alive) {
      more = co_await writer.write(": keep-alive\n\n");
      quiet = Millis{0};
    }
    more = more && co_await write_gap(writer);
    pause = look;
  }
  writer_ = nullptr;
}

// Plain function: what runs is a member coroutine that `feed` keeps alive, no lambda's frame.
awaitable<void> pump(std::shared_ptr<Feed> feed, StreamWriter& writer) {
  co_await feed->pump(writer);
}

Result<std::int64_t> last_event_id(const Request& request) {
  std::optional<std::string_view> given = request.header("Last-Event-ID");
  if (!given) given = request.query_value("last_event_id");
  if (!given || given->empty()) return std::int64_t{-1};
  std::int64_t id = 0;
  const auto [end, ec] = std::from_chars(given->data(), given->data() + given->size(), id);
  if (ec != std::errc{} || end != given->data() + given->size() || id < 0) {
    return invalid("invalid_value", "Last-Event-ID must be the id of an event of this run");
  }
  return id;
}

}  // namespace

awaitable<Response> run_events(ApiPtr api, Request& request) {
  const Result<std::int64_t> after = last_event_id(request);
  if (!after) co_return bad_query(after.error());
  const auto executor = co_await boost::asio::this_coro::executor;
  const auto feed =
      std::make_shared<Feed>(api, request, RunId{request.param("id")}, *after, executor);
  feed->subscribe();  // before the gap is read, so that nothing falls between
  Result<std::vector<Message>> gap = co_await feed->read_gap();
  if (!gap) co_return problem(gap.error());
  Response response;
  if (feed->finished() && gap->empty()) {
    response.status = 204;
    response.content_type.clear();
    co_return response;
  }
  feed->hold(std::move(*gap));
  response.content_type = "text/event-stream";
  response.headers.emplace_back("X-Accel-Buffering", "no");
  response.stream = [feed](StreamWriter& writer) { return pump(feed, writer); };
  co_return response;
}

}  // namespace pilot::api
