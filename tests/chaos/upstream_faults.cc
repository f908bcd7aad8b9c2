// SPDX-License-Identifier: Apache-2.0

#include "tests/chaos/upstream_faults.h"

#include <string>
#include <vector>

namespace msp::chaos {
namespace {

using Json = nlohmann::json;

struct FaultRow {
  Json effect;
  double weight;
  const char* method = "";  // "" for everything that is no GET.
  const char* path = "/v1/json/*";
};

constexpr const char* kCreate = "/v1/json/orders";
constexpr const char* kRefunds = "/v1/json/orders/*/refunds";
constexpr const char* kCaptures = "/v1/json/orders/*/capture";
constexpr const char* kVoid = "/v1/json/capture/*";

// Lost and broken answers, weighted; a call that was carried out and whose answer is lost is the
// case that doubles payments, and makes up half of these.
std::vector<FaultRow> LostAnswers() {
  return {
      {R"({"name":"commit_then_fail","then":"reset"})"_json, 20},
      {R"({"name":"commit_then_fail","then":"500"})"_json, 14},
      {R"({"name":"commit_then_fail","then":"close"})"_json, 8},
      {R"({"name":"commit_then_fail","then":"timeout","hold_ms":4000})"_json, 4},
      {R"({"name":"commit_then_fail","then":"status","body":"E9"})"_json, 4},
      {R"({"name":"commit_then_fail","then":"api_error","error_code":9999,"status":404})"_json, 3},
      {R"({"name":"reset","when":"before_reading"})"_json, 4},
      {R"({"name":"reset","when":"after_reading"})"_json, 4},
      {R"({"name":"reset","when":"in_body","bytes":40})"_json, 4},
      {R"({"name":"latency","min_ms":5,"max_ms":250})"_json, 8},
      {R"({"name":"latency","min_ms":5,"max_ms":250,"when":"after"})"_json, 5},
      {R"({"name":"truncate","bytes":60})"_json, 3},
      {R"({"name":"truncate","bytes":60,"length":"cut"})"_json, 3},
      {R"({"name":"garbage","kind":"invalid_json"})"_json, 2},
      {R"({"name":"garbage","kind":"invalid_utf8"})"_json, 2},
      {R"({"name":"garbage","kind":"bom"})"_json, 1},
      {R"({"name":"garbage","kind":"deep"})"_json, 1},
      {R"({"name":"garbage","kind":"duplicate_members"})"_json, 1},
      {R"({"name":"garbage","kind":"huge"})"_json, 0.1},
      {R"({"name":"slow_body","bytes_per_second":200})"_json, 1},
      {R"({"name":"status","status":503,"body":"html"})"_json, 2},
      {R"({"name":"status","status":502,"body":"E9"})"_json, 2},
      {R"({"name":"api_error","error_code":1000,"status":500})"_json, 1},
      {R"({"name":"api_error","error_code":1021})"_json, 1},
      {R"({"name":"rate_limit","calls":0})"_json, 2},
      {R"({"name":"redirect"})"_json, 1},
      {R"({"name":"wrong_type","pointer":"/data/order_id","value":"somebody-elses"})"_json, 2},
      {R"({"name":"wrong_type","pointer":"/data","value":[]})"_json, 1},
  };
}

// The same body instead of the call, and after it was carried out.
void AddDoneOrNot(std::vector<FaultRow>& rows, int status, const char* body, double weight,
                  const char* path = "/v1/json/*") {
  const Json effect{{"status", status}, {"body", body}};
  for (const char* name : {"status", "commit_then_fail"}) {
    Json one = effect;
    one["name"] = name;
    if (one["name"] == "commit_then_fail") one["then"] = "status";
    rows.push_back({std::move(one), weight, "", path});
  }
}

Json EditOf(Json changes, int status = 200) {
  return {{"name", "edit"}, {"status", status}, {"changes", std::move(changes)}};
}

// Answers that came and say less, or something else, than what is so.
std::vector<FaultRow> FalseAnswers() {
  std::vector<FaultRow> rows;
  for (const char* body : {R"({"data":{}})", R"({"data":[]})", R"({"success":null,"data":{}})",
                           R"({"success":"","data":{}})"})
    AddDoneOrNot(rows, 200, body, 0.8);
  AddDoneOrNot(rows, 200, R"({"success":true,"data":{"success":false}})", 8, kVoid);
  for (const int status : {400, 401, 403, 404, 410}) {
    for (const char* body : {"{}", "[]", "null"}) {
      Json effect{
          {"name", "commit_then_fail"}, {"then", "status"}, {"status", status}, {"body", body}};
      rows.push_back({std::move(effect), 0.5});
    }
  }
  rows.push_back({EditOf(Json::array(), 400), 1.5});
  rows.push_back({EditOf(R"([{"pointer":"/error_code","value":1024}])"_json), 1.5});
  rows.push_back({EditOf(R"([{"pointer":"/success","value":false}])"_json), 1});
  rows.push_back({EditOf(R"([{"pointer":"/success","value":false},
                             {"pointer":"/error_code","value":1024}])"_json,
                         404),
                  1});
  rows.push_back(
      {R"({"name":"other_answer","members":["/data/transaction_id","/data/refund_id"]})"_json, 6,
       "POST", kRefunds});
  rows.push_back({R"({"name":"other_answer","members":["/data/custom_info","/data/var1"]})"_json, 3,
                  "POST", kCreate});
  return rows;
}

std::vector<FaultRow> UnreadableTexts(double weight, const char* method) {
  std::vector<FaultRow> rows;
  for (const char* text :
       {"lone_high_surrogate", "lone_low_surrogate", "cut_utf8", "latin1", "raw_tab"})
    rows.push_back({EditOf(Json::array({Json{{"pointer", "/data/description"}, {"text", text}}})),
                    weight, method});
  return rows;
}

std::vector<FaultRow> ReadFaults() {
  std::vector<FaultRow> rows{
      {R"({"name":"reset","when":"after_reading"})"_json, 4},
      {R"({"name":"commit_then_fail","then":"500"})"_json, 3},
      {R"({"name":"status","status":503,"body":"html"})"_json, 3},
      {R"({"name":"status","body":"E5"})"_json, 2},
      {R"({"name":"latency","min_ms":5,"max_ms":150})"_json, 4},
      {R"({"name":"truncate","bytes":60})"_json, 2},
      {R"({"name":"garbage","kind":"invalid_json"})"_json, 2},
      {R"({"name":"rate_limit","calls":0})"_json, 1},
      {R"({"name":"wrong_type","pointer":"/data/order_id","value":"somebody-elses"})"_json, 1},
      {R"({"name":"status","status":200,"body":"{\"data\":{}}"})"_json, 1},
      {R"({"name":"other_answer"})"_json, 1},
  };
  // An amount that is missing or unreadable is not 0.
  for (const char* change : {R"({"value":null})", R"({"absent":true})", R"({"value":""})",
                             R"({"value":1000.5})", R"({"raw":"18446744073709551616"})"}) {
    Json amount = Json::parse(change);
    amount["pointer"] = "/data/amount";
    rows.push_back({EditOf(Json::array({amount})), 1});
  }
  for (FaultRow& row : rows) row.method = "GET";
  return rows;
}

void Append(std::vector<FaultRow>& rows, std::vector<FaultRow> more) {
  rows.insert(rows.end(), more.begin(), more.end());
}

void AddRules(const std::vector<FaultRow>& rows, double rate, Json& rules) {
  double whole = 0;
  for (const FaultRow& row : rows) whole += row.weight;
  double left = 1;  // The part of the calls that no earlier rule has taken.
  for (const FaultRow& row : rows) {
    const double share = rate * row.weight / whole;
    const std::string method = row.method;
    for (const char* one : {"POST", "PATCH"}) {
      rules.push_back({{"match",
                        {{"probability", share / left},
                         {"method", method.empty() ? one : method},
                         {"path", row.path}}},
                       {"effect", row.effect}});
      if (!method.empty()) break;
    }
    left -= share;
  }
}

}  // namespace

Json FaultRules(const Options& options, std::int64_t calls_per_s) {
  Json rules = Json::array();
  rules.push_back({{"effect",
                    {{"name", "rate_limit"},
                     {"calls", calls_per_s},
                     {"window_seconds", 1},
                     {"retry_after_seconds", 1}}}});
  if (options.fault_rate <= 0) return rules;
  std::vector<FaultRow> writes = LostAnswers();
  Append(writes, FalseAnswers());
  Append(writes, UnreadableTexts(0.5, ""));
  if (options.rules.late_commits) {
    const Json late = R"({"name":"latency","min_ms":3000,"max_ms":7000})"_json;
    writes.push_back({late, 12, "POST", kRefunds});
    writes.push_back({late, 12, "POST", kCaptures});
    // Where an id is free again once its order is void, a repeated order may be void by the time
    // that the first sending is carried out: nobody can rule that out.
    if (options.rules.order_id_rule == "any") writes.push_back({late, 6, "POST", kCreate});
  }
  AddRules(writes, options.fault_rate, rules);
  std::vector<FaultRow> reads = ReadFaults();
  Append(reads, UnreadableTexts(0.8, "GET"));
  AddRules(reads, options.fault_rate / 3, rules);
  return rules;
}

}  // namespace msp::chaos
