// Writes by PD's etcd gateway: which requests become words for the world, and how the others are
// refused. What the words do is a matter of tests in the lab.
#include "lab/session/pd_gateway.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/test/unit_test.hpp>
#include <string>

namespace tidegate::test {
namespace {

// "/tidb-binlog/a" and "x".
const std::string kKey = R"("key":"L3RpZGItYmlubG9nL2E=")";
const std::string kValue = R"("value":"eA==")";
const std::string kPut = "{" + kKey + "," + kValue + "}";

// The words, joined; or "400: why".
std::string Said(const std::string& target, const std::string& body) {
  const auto hook = lab::ReadGatewayWrite(target, body, "v2.1.8");
  if (hook.has_value()) return fmt::format("{}", fmt::join(hook->argv, "|"));
  const ErrorCode code = hook.error().code;
  const int status = code == ErrorCode::kNotFound      ? 404
                     : code == ErrorCode::kUnavailable ? 501
                                                       : 400;
  return fmt::format("{}: {}", status, hook.error().message);
}
std::string Put(const std::string& body) { return Said("/v3alpha/kv/put", body); }
std::string Txn(const std::string& body) { return Said("/v3beta/kv/txn", body); }
std::string Compare(const std::string& fields) {
  return Txn("{\"compare\":[{" + kKey + "," + fields + "}]}");
}
std::string Then(const std::string& op) { return Txn("{\"success\":[" + op + "]}"); }

BOOST_AUTO_TEST_SUITE(pd_gateway)

BOOST_AUTO_TEST_CASE(a_put) {
  BOOST_TEST(Put(kPut) == "etcd|put|/tidb-binlog/a|x");
  BOOST_TEST(Put("{" + kKey + R"(,"value":null,"lease":"0","prevKv":false})") ==
             "etcd|put|/tidb-binlog/a|");
  BOOST_TEST(Put("{" + kKey + R"(,"prev_kv":true})") == "etcd|put-prev|/tidb-binlog/a|");
  BOOST_TEST(Put("{" + kKey + R"(,"prev_kv":1})") ==
             "400: PutRequest.prev_kv must be true or false");
  BOOST_TEST(Said("/v3/kv/put", kPut) == "404: Not Found");
  BOOST_TEST(Said("/v3alpha/x/kv/put", kPut) == "404: the lab's etcd offers no /x/kv/put");
  BOOST_TEST(lab::ReadGatewayWrite("/v3/kv/put", kPut, "v4.0.0")->name ==
             "etcd put /tidb-binlog/a");
}

BOOST_AUTO_TEST_CASE(a_deletion) {
  const auto gone = [](const std::string& body) { return Said("/v3beta/kv/deleterange", body); };
  BOOST_TEST(gone("{" + kKey + "}") == "etcd|delete|/tidb-binlog/a|one");
  BOOST_TEST(gone("{" + kKey + R"(,"range_end":"L3RpZGItYmlubG9nL2I=","prevKv":true})") ==
             "etcd|delete-prev|/tidb-binlog/a|prefix");
  BOOST_TEST(gone("{" + kKey + R"(,"range_end":"eA=="})") ==
             "501: the lab's etcd offers no range that is neither key nor prefix");
  BOOST_TEST(gone("{}") == "400: etcdserver: key is not provided");
  BOOST_TEST(gone(R"({"key":"L2E="})") ==
             "501: the lab's etcd offers no keys outside /tidb-binlog/");
  BOOST_TEST(gone("{" + kKey + R"(,"limit":"1"})") ==
             "400: unknown field \"limit\" in etcdserverpb.DeleteRangeRequest");
  BOOST_TEST(lab::ReadGatewayWrite("/v3beta/kv/deleterange", "{" + kKey + "}", "v2.1.8")->name ==
             "etcd delete /tidb-binlog/a");
}

BOOST_AUTO_TEST_CASE(a_malformed_put) {
  BOOST_TEST(Put("").starts_with("400: "));
  BOOST_TEST(Put("{").starts_with("400: "));
  BOOST_TEST(Put("[]") == "400: PutRequest must be an object");
  BOOST_TEST(Put("{}") == "400: etcdserver: key is not provided");
  for (const char* value : {"\"eA\"", "\"e===\"", "\"ab=c\"", "\"e-A=\"", "7"}) {
    BOOST_TEST(Put("{" + kKey + ",\"value\":" + value + "}") ==
               "400: illegal base64 data in PutRequest.value");
  }
  BOOST_TEST(Put("{" + kKey + R"(,"val":"eA=="})") ==
             "400: unknown field \"val\" in etcdserverpb.PutRequest");
}

BOOST_AUTO_TEST_CASE(a_put_that_the_lab_has_no_room_for) {
  BOOST_TEST(Put("{" + kKey + R"(,"lease":"7"})") ==
             "501: the lab's etcd offers no PutRequest.lease");
  BOOST_TEST(Put(R"({"key":"L2E="})") ==
             "501: the lab's etcd offers no keys outside /tidb-binlog/");
  BOOST_TEST(Put("{" + kKey + R"(,"value":"/w=="})") ==
             "501: the lab's etcd offers no PutRequest.value that is no text");
  BOOST_TEST(Put(R"({"key":"L3RpZGItYmlubG9nLwo="})") ==
             "501: the lab's etcd offers no keys with control characters");
}

BOOST_AUTO_TEST_CASE(a_comparison) {
  const auto clause = [](const std::string& fields) {
    const std::string said = Compare(fields);
    const std::string begin = "etcd|txn|compare|/tidb-binlog/a|";
    const std::string end = "|then|else";
    if (!said.starts_with(begin) || !said.ends_with(end)) return said;
    return said.substr(begin.size(), said.size() - begin.size() - end.size());
  };
  BOOST_TEST(clause(R"("version":"0")") == "absent|");
  BOOST_TEST(clause(R"("target":"CREATE","createRevision":0,"result":"GREATER")") == "present|");
  BOOST_TEST(clause(R"("target":2,"mod_revision":"0","result":3)") == "present|");
  BOOST_TEST(clause(R"("target":"CREATE","result":"LESS")") == "never|");
  BOOST_TEST(clause(R"("target":"VALUE","value":"eA==")") == "equal|x");
  BOOST_TEST(clause(R"("target":"VALUE","value":"eA==","result":"NOT_EQUAL")") == "not-equal|x");
  BOOST_TEST(clause(R"("version":"3")") ==
             "501: the lab's etcd offers no Compare.version but 0, since it keeps no revisions");
  BOOST_TEST(clause(R"("target":"LEASE")") == "501: the lab's etcd offers no leases");
  BOOST_TEST(clause(R"("range_end":"eA==")") == "501: the lab's etcd offers no Compare.range_end");
  BOOST_TEST(clause(R"("target":"VALUE","version":"0")") ==
             "400: Compare.version with target VALUE");
  BOOST_TEST(clause(R"("target":"VALEU")") == "400: unknown value of Compare.target");
  BOOST_TEST(clause(R"("result":4)") == "400: unknown value of Compare.result");
}

BOOST_AUTO_TEST_CASE(operations) {
  const std::string put = R"({"request_put":)" + kPut + "}";
  const std::string range = R"({"requestRange":{)" + kKey + "}}";
  const std::string prefix =
      R"({"request_range":{)" + kKey + R"(,"range_end":"L3RpZGItYmlubG9nL2I="}})";
  BOOST_TEST(Txn(R"({"success":[)" + put + "," + range + R"(],"failure":[)" + prefix + "]}") ==
             "etcd|txn|then|put|/tidb-binlog/a|x|range|/tidb-binlog/a|one|else|"
             "range|/tidb-binlog/a|prefix");
  BOOST_TEST(Then(put + "," + put) == "400: etcdserver: duplicate key given in txn request");
  BOOST_TEST(Then("{}") == "400: etcdserver: key not found");
  const std::string gone = R"({"request_delete_range":{)" + kKey + "}}";
  BOOST_TEST(Then(gone + "," + range) ==
             "etcd|txn|then|delete|/tidb-binlog/a|one|range|/tidb-binlog/a|one|else");
  BOOST_TEST(Then(gone + "," + put) == "400: etcdserver: duplicate key given in txn request");
  BOOST_TEST(Then(R"({"request_txn":{}})") == "501: the lab's etcd offers no request_txn");
  BOOST_TEST(Then(R"({"request_range":{)" + kKey + R"(,"limit":"1"}})") ==
             "501: the lab's etcd offers no RangeRequest.limit");
  BOOST_TEST(Then(R"({"request_range":{)" + kKey + R"(,"range_end":"eA=="}})") ==
             "501: the lab's etcd offers no range that is neither key nor prefix");
  BOOST_TEST(Txn(R"({"success":{}})") == "400: TxnRequest.success must be an array");
  std::string many = "{}";
  for (int i = 0; i < 128; ++i) many += ",{}";
  BOOST_TEST(Then(many) == "400: etcdserver: too many operations in txn request");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
