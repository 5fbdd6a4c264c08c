// What a fake service may do with a request (see fake_service.h).
#include <fmt/format.h>

#include <memory>

#include "fake_service.h"

namespace pilot::e2e {
namespace {

// Deflate data of one zero and then copies of it, 258 bytes in 13 bits each, as a gzip file. Its
// check sums at the end are missing: nobody may read so far.
std::string gzip_of_zeros(std::size_t bytes) {
  std::string out("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
  unsigned bits = 0;
  int count = 0;
  const auto put = [&](unsigned value, int width) {  // least significant bit first
    bits |= value << count;
    for (count += width; count >= 8; count -= 8, bits >>= 8) out += static_cast<char>(bits & 0xff);
  };
  put(1, 1);     // the last block
  put(1, 2);     // fixed Huffman codes
  put(0x0c, 8);  // literal 0: code 00110000, first bit first
  for (std::size_t done = 0; done < bytes; done += 258) {
    put(0xa3, 8);  // length 258: code 11000101
    put(0, 5);     // distance 1
  }
  put(0, 14);  // end of block, and up to the byte
  return out;
}

}  // namespace

Reply answer(int status, std::string body, Headers headers) {
  return [status, body = std::move(body), headers = std::move(headers)](Peer& peer, const Seen&) {
    peer.reply(status, body, headers);
  };
}

Reply echo() {
  return [](Peer& peer, const Seen& seen) {
    JsonObject headers;
    for (const auto& [name, value] : seen.headers) headers[name] = value;
    peer.reply(200, to_json(JsonObject{{"method", seen.method},
                                       {"target", seen.target},
                                       {"headers", std::move(headers)},
                                       {"body", seen.body}}));
  };
}

Reply after(std::chrono::milliseconds delay, Reply then) {
  return [delay, then = std::move(then)](Peer& peer, const Seen& seen) {
    peer.pause(delay);
    then(peer, seen);
  };
}

Reply fail_first(int times, int status, Headers headers, Reply then) {
  struct State {
    std::mutex mutex;
    std::map<std::string, int> asked;
  };
  return [times, status, headers = std::move(headers), then = std::move(then),
          state = std::make_shared<State>()](Peer& peer, const Seen& seen) {
    bool fails = false;
    {
      const std::lock_guard lock(state->mutex);
      fails = ++state->asked[seen.target] <= times;
    }
    if (fails) {
      peer.reply(status, R"({"error":"not now"})", headers);
    } else {
      then(peer, seen);
    }
  };
}

Reply never() {
  return [](Peer& peer, const Seen&) { peer.wait_for_close(); };
}

Reply close_without_answer() {
  return [](Peer& peer, const Seen&) { peer.close_after(); };
}

Reply close_half_way() {
  return [](Peer& peer, const Seen&) {
    peer.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n");
    peer.send(R"({"half":"of it)");
    peer.close_after();
  };
}

Reply garbage() {
  return [](Peer& peer, const Seen&) {
    peer.send("\x16\x03\x01 this is not HTTP at all\r\n\x01\x02\x03\r\n\r\n{]");
    peer.close_after();
  };
}

Reply redirect_for_ever() {
  return [](Peer& peer, const Seen& seen) {
    const std::string count = seen.query("n");
    const int n = count.empty() ? 0 : std::stoi(count);
    peer.reply(302, "{}", {{"Location", fmt::format("{}?n={}", seen.path, n + 1)}});
  };
}

Reply gzip_bomb() {
  return [bomb = std::make_shared<const std::string>(gzip_of_zeros(200u << 20))](Peer& peer,
                                                                                 const Seen&) {
    peer.reply(200, *bomb, {{"Content-Encoding", "gzip"}});
    peer.close_after();
  };
}

Reply endless_body() {
  return [](Peer& peer, const Seen&) {
    peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "4000\r\n" + std::string(0x4000, 'x') + "\r\n";
    while (peer.send(chunk)) {
    }
    peer.close_after();
  };
}

}  // namespace pilot::e2e
