// The real transport: libcurl on a thread (and one more for mails). A call goes to the thread
// through a queue, and its answer back by a post to the executor of whoever awaits it, so a
// coroutine never changes thread.
//
// Order of destruction: the transport first, the io_contexts that await it after. The destructor
// posts `cancelled` for everything under way and joins; what is posted to an io_context that no
// longer runs is dropped with it.
#include <curl/curl.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <mutex>
#include <new>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/log.h"
#include "http/curl_call.h"
#include "http/curl_failure.h"
#include "http/transport.h"

namespace pilot::http {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kSpareHandles = 256;  // a handle is some 6 KB; a burst's are given back
constexpr int kIdleMillis = 60'000;         // curl's own timers and wake-ups come sooner

// Whoever awaits an answer. Touched on its shard only, but for being carried around.
class Waiter {
 public:
  virtual ~Waiter() = default;
  virtual void complete(Answer answer) = 0;
};

template <class Handler>
class HandlerWaiter final : public Waiter {
 public:
  explicit HandlerWaiter(Handler handler) : handler_(std::move(handler)) {}

  void on_cancel(CancelToken token, std::function<void()> call) {
    token_ = std::move(token);
    registration_ = token_.on_cancel(std::move(call));
  }
  void complete(Answer answer) override {
    token_.forget(registration_);
    std::move(handler_)(std::move(answer));
  }

 private:
  Handler handler_;
  CancelToken token_;
  std::uint64_t registration_ = 0;
};

struct Job {
  std::uint64_t id = 0;
  std::unique_ptr<CurlCall> call;
  std::unique_ptr<Waiter> waiter;
  asio::any_io_executor executor;  // the shard's, kept running until the answer is there
  CURL* easy = nullptr;
};

struct Completion {
  std::unique_ptr<Waiter> waiter;
  Answer answer;
};

void post_to(const asio::any_io_executor& executor, std::vector<Completion> batch) {
  asio::post(executor, [batch = std::move(batch)]() mutable {
    for (Completion& done : batch) done.waiter->complete(std::move(done.answer));
  });
}

// The thread, its multi handle and its queue.
class CurlLoop {
 public:
  CurlLoop(const char* name, CurlOptions options, Log& log);
  ~CurlLoop();
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;

  const CurlOptions& options() const { return options_; }

  // Any shard.
  std::uint64_t next_id() { return ++last_id_; }
  void start(std::unique_ptr<Job> job);
  void cancel(std::uint64_t id);
  // Whoever owns the transport: cancels what is under way and waits for the thread.
  void stop();

 private:
  struct Command {
    std::unique_ptr<Job> job;  // none: cancel `id`
    std::uint64_t id = 0;
  };

  bool push(Command& command);
  void run();
  bool take_commands();
  void begin(std::unique_ptr<Job> job);
  void abandon(std::uint64_t id);
  void read_finished();
  void end(Job& job, Answer answer);
  void release(Job& job);
  void add_completion(Job& job, Answer answer);
  void post_completions();

  const char* const name_;  // of the thread, in top and gdb
  const CurlOptions options_;
  Log& log_;
  CURLM* multi_;
  std::atomic<std::uint64_t> last_id_{0};

  std::mutex mutex_;
  std::vector<Command> queue_;  // under mutex_
  bool stopping_ = false;       // under mutex_

  // The thread's own.
  std::vector<Command> taken_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Job>> active_;
  std::vector<CURL*> spare_;
  std::vector<std::pair<asio::any_io_executor, std::vector<Completion>>> done_;

  std::thread thread_;
};

CurlLoop::CurlLoop(const char* name, CurlOptions options, Log& log)
    : name_(name), options_(std::move(options)), log_(log) {
  // Counted by curl, and safe beside other threads in this build of it.
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw std::bad_alloc();
  multi_ = curl_multi_init();
  if (multi_ == nullptr) throw std::bad_alloc();
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, limits::kCurlConnections);
  thread_ = std::thread(&CurlLoop::run, this);
}

CurlLoop::~CurlLoop() {
  stop();
  for (CURL* easy : spare_) curl_easy_cleanup(easy);
  curl_multi_cleanup(multi_);
  curl_global_cleanup();
}

bool CurlLoop::push(Command& command) {
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    was_empty = queue_.empty();
    queue_.push_back(std::move(command));
  }
  // One wake-up is a system call; whoever finds the queue filled knows that it has been made.
  if (was_empty) curl_multi_wakeup(multi_);
  return true;
}

void CurlLoop::start(std::unique_ptr<Job> job) {
  Command command{.job = std::move(job)};
  if (push(command)) return;
  std::vector<Completion> one;
  one.push_back({std::move(command.job->waiter), {.error = was_cancelled(false)}});
  post_to(command.job->executor, std::move(one));
}

void CurlLoop::cancel(std::uint64_t id) {
  Command command{.id = id};
  (void)push(command);  // when it has stopped, everything has been cancelled
}

void CurlLoop::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  curl_multi_wakeup(multi_);
  if (thread_.joinable()) thread_.join();
}

void CurlLoop::run() {
  pthread_setname_np(pthread_self(), name_);
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);  // SIGPIPE from a TLS write, and those of the program

  while (take_commands()) {
    int running = 0;
    if (const CURLMcode code = curl_multi_perform(multi_, &running); code != CURLM_OK) {
      log_.error("http: curl_multi_perform: {}", curl_multi_strerror(code));
    }
    read_finished();
    post_completions();
    curl_multi_poll(multi_, nullptr, 0, kIdleMillis, nullptr);
  }
  while (!active_.empty()) abandon(active_.begin()->first);
  post_completions();
}

// False when it is time to end; what had been queued is then in active_.
bool CurlLoop::take_commands() {
  bool stopping = false;
  {
    const std::lock_guard lock(mutex_);
    taken_.swap(queue_);
    stopping = stopping_;
  }
  for (Command& command : taken_) {
    if (command.job) {
      begin(std::move(command.job));
    } else {
      abandon(command.id);
    }
  }
  taken_.clear();
  return !stopping;
}

void CurlLoop::begin(std::unique_ptr<Job> job) {
  if (job->easy == nullptr) {
    if (spare_.empty()) {
      job->easy = curl_easy_init();
      if (job->easy == nullptr) throw std::bad_alloc();
    } else {
      job->easy = spare_.back();
      spare_.pop_back();
    }
  }
  if (auto error = job->call->prepare(job->easy)) {
    end(*job, {.error = std::move(error)});
    return;
  }
  curl_easy_setopt(job->easy, CURLOPT_PRIVATE, static_cast<void*>(job.get()));
  if (const CURLMcode code = curl_multi_add_handle(multi_, job->easy); code != CURLM_OK) {
    log_.error("http: curl_multi_add_handle: {}", curl_multi_strerror(code));
    end(*job, {.error = SendError{.code = "connect_failed",
                                  .message = "the call could not be started",
                                  .retryable = true}});
    return;
  }
  active_.emplace(job->id, std::move(job));
}

void CurlLoop::abandon(std::uint64_t id) {
  const auto found = active_.find(id);
  if (found == active_.end()) return;  // it has its answer
  Job& job = *found->second;
  curl_multi_remove_handle(multi_, job.easy);
  end(job, {.error = job.call->cancelled()});
  active_.erase(found);
}

void CurlLoop::read_finished() {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;
    const CURLcode code = message->data.result;  // gone with the removal
    Job* found = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &found);
    curl_multi_remove_handle(multi_, easy);
    auto node = active_.extract(found->id);
    std::unique_ptr<Job> job = std::move(node.mapped());
    if (auto answer = job->call->finish(code)) {
      end(*job, std::move(*answer));
    } else {
      curl_easy_reset(easy);
      begin(std::move(job));
    }
  }
}

void CurlLoop::end(Job& job, Answer answer) {
  release(job);
  add_completion(job, std::move(answer));
}

// Reset at once: nothing of a call (credentials, pointers) stays in a spare handle.
void CurlLoop::release(Job& job) {
  CURL* easy = std::exchange(job.easy, nullptr);
  if (spare_.size() >= kSpareHandles) {
    curl_easy_cleanup(easy);
    return;
  }
  curl_easy_reset(easy);
  spare_.push_back(easy);
}

void CurlLoop::add_completion(Job& job, Answer answer) {
  const auto same = [&job](const auto& batch) { return batch.first == job.executor; };
  auto batch = std::find_if(done_.begin(), done_.end(), same);
  if (batch == done_.end()) {
    batch = done_.emplace(done_.end(), job.executor, std::vector<Completion>{});
  }
  batch->second.push_back({std::move(job.waiter), std::move(answer)});
}

void CurlLoop::post_completions() {
  for (auto& [executor, batch] : done_) post_to(executor, std::move(batch));
  done_.clear();
}

class CurlTransport final : public Transport {
 public:
  CurlTransport(CurlOptions options, Log& log)
      : http_(std::make_shared<CurlLoop>("pilot-http", options, log)),
        mail_(std::make_shared<CurlLoop>("pilot-mail", options, log)) {}
  ~CurlTransport() override {
    http_->stop();
    mail_->stop();
  }

  asio::awaitable<Answer> send(Request request, CancelToken cancel) override {
    return await(http_, make_http_call(http_->options(), std::move(request)), std::move(cancel));
  }
  asio::awaitable<Answer> send_mail(Mail mail, CancelToken cancel) override {
    return await(mail_, make_mail_call(mail_->options(), std::move(mail)), std::move(cancel));
  }

 private:
  using Loop = std::shared_ptr<CurlLoop>;
  static asio::awaitable<Answer> await(const Loop& loop, MadeCall made, CancelToken cancel);

  // Shared with cancel callbacks, which may outlive the transport in a token.
  Loop http_;
  Loop mail_;  // its own thread: curl's SMTP can wait inside a call, its HTTP does not
};

// A plain function: everything moves into the initiation, which runs on the shard.
asio::awaitable<Answer> CurlTransport::await(const Loop& shared, MadeCall made,
                                             CancelToken cancel) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void(Answer)>(
      [loop = shared.get(), weak = std::weak_ptr(shared)](auto handler, MadeCall call,
                                                          CancelToken token) {
        const auto executor = asio::prefer(asio::get_associated_executor(handler),
                                           asio::execution::outstanding_work.tracked);
        auto waiter = std::make_unique<HandlerWaiter<decltype(handler)>>(std::move(handler));
        auto* refused = std::get_if<SendError>(&call);
        if (refused != nullptr || token.cancelled()) {
          std::vector<Completion> one;
          one.push_back(
              {std::move(waiter), {.error = refused ? std::move(*refused) : was_cancelled(false)}});
          post_to(executor, std::move(one));
          return;
        }
        const std::uint64_t id = loop->next_id();
        waiter->on_cancel(std::move(token), [weak, id] {
          if (auto alive = weak.lock()) alive->cancel(id);
        });
        loop->start(
            std::make_unique<Job>(Job{.id = id,
                                      .call = std::move(std::get<std::unique_ptr<CurlCall>>(call)),
                                      .waiter = std::move(waiter),
                                      .executor = executor}));
      },
      asio::use_awaitable, std::move(made), std::move(cancel));
}

}  // namespace

std::unique_ptr<Transport> make_curl_transport(CurlOptions options, Log& log) {
  return std::make_unique<CurlTransport>(std::move(options), log);
}

}  // namespace pilot::http
