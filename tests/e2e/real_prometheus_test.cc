// The provider `prometheus` of the catalogue against Debian's Prometheus, which watches itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pilot.h"
#include "real_server.h"

namespace pilot::e2e {
namespace {

using testing::HasSubstr;

constexpr const char* kProgram = "/usr/bin/prometheus";
constexpr const char* kConfig = R"yaml(global: {{scrape_interval: 200ms, scrape_timeout: 200ms}}
scrape_configs: [{{job_name: self, static_configs: [{{targets: ['127.0.0.1:{}']}}]}}]
)yaml";

class RealPrometheus : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kProgram)) {
      GTEST_SKIP() << "Prometheus is not installed (apt-get install prometheus)";
    }
    const int port = free_port();
    url_ = fmt::format("http://127.0.0.1:{}", port);
    const std::string config = dir_.write("prometheus.yml", fmt::format(kConfig, port));
    prometheus_ = std::make_unique<Process>(std::vector<std::string>{
        kProgram, "--config.file=" + config,
        "--storage.tsdb.path=" + (dir_.path() / "metrics").string(),
        fmt::format("--web.listen-address=127.0.0.1:{}", port), "--log.level=warn"});
    ASSERT_TRUE(eventually(
        [&] { return !prometheus_->running() || call(url_, "GET", "/-/ready").status == 200; }));
    ASSERT_TRUE(prometheus_->running()) << prometheus_->err();
    pilot_ = std::make_unique<Server>(dir_.path() / "data");
    EXPECT_EQ(pilot_
                  ->post("/api/provider-credentials/prometheus",
                         fmt::format(R"({{"type":"base_url","value":"{}"}})", url_))
                  .status,
              201);
  }
  Json step(const std::string& action, const std::string& params) const {
    return pilot_
        ->post(
            "/api/execute-step",
            fmt::format(R"({{"provider":"prometheus","action":"{}","params":{},"retry":"none"}})",
                        action, params))
        .json;
  }

  TempDir dir_;
  std::string url_;
  std::unique_ptr<Process> prometheus_;
  std::unique_ptr<Server> pilot_;
};

TEST_F(RealPrometheus, AnswersForAMomentAndForARange) {
  Json now;
  EXPECT_TRUE(eventually([&] {
    now = step("query", R"({"query":"up{job=\"self\"} + 0"})");
    return !list_at(now, "output/result").empty();
  })) << to_json(now);
  EXPECT_EQ(text_at(now, "output/resultType"), "vector");
  EXPECT_EQ(text_at(now, "output/result/0/metric/job"), "self");
  EXPECT_EQ(text_at(now, "output/result/0/value/1"), "1");
  // Fixed moments, of an expression that is true at any of them.
  const Json range = step("query_range", R"({"query":"vector(7) > 6","start":"1970-01-02T00:00:00Z",
                                            "end":"1970-01-02T00:10:00Z","step":"5m"})");
  EXPECT_EQ(to_json(at(range, "output")), R"({"resultType":"matrix","result":[{"metric":{},)"
                                          R"("values":[[86400,"7"],[86700,"7"],[87000,"7"]]}]})")
      << to_json(range);
  const Json series = step("list_series", R"({"match":["up","{__name__=\"up\",job=\"no\"}"]})");
  EXPECT_EQ(text_at(series, "output/0/__name__"), "up") << to_json(series);
  EXPECT_EQ(to_json(at(step("list_label_values", R"({"name":"job"})"), "output")), R"(["self"])");
  const Json targets = step("list_targets", R"({"state":"active"})");
  EXPECT_EQ(text_at(targets, "output/activeTargets/0/labels/job"), "self") << to_json(targets);
}

TEST_F(RealPrometheus, SaysWhatIsWrongWithAQuery) {
  const Json wrong = step("query", R"json({"query":"sum(up"})json");
  EXPECT_EQ(text_at(wrong, "error/details/vendor_code"), "bad_data") << to_json(wrong);
  EXPECT_THAT(text_at(wrong, "error/message"), HasSubstr("parse error"));
  EXPECT_EQ(at(wrong, "error/retryable"), Json(false));
  EXPECT_EQ(at(wrong, "error/http_status"), Json(400));
  const Json many = step("query_range", R"({"query":"up","start":"0","end":"1e9","step":"1"})");
  EXPECT_THAT(text_at(many, "error/message"), HasSubstr("exceeded maximum resolution"))
      << to_json(many);
  const Answer tested = pilot_->post("/api/provider-credentials/prometheus/test", "{}");
  EXPECT_EQ(at(tested.json, "ok"), Json(true)) << tested.body;
}

}  // namespace
}  // namespace pilot::e2e
