// What the reader of JSON lines says of lines that are wrong: place, offending value, nearest name.
#include <boost/test/unit_test.hpp>

#include "tests/trace/sample.h"
#include "trace/header_json.h"

namespace tidegate::trace {
namespace {

// The error of a trace whose second line is `line`.
std::string ErrorOf(const std::string& line) {
  const Result<Trace> trace = Read(HeaderToJson(SampleHeader()) + "\n" + line + "\n", Form::kJsonl);
  return trace.has_value() ? "" : trace.error().ToString();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(jsonl_errors)

BOOST_AUTO_TEST_CASE(names) {
  BOOST_TEST(ErrorOf(R"({"t":1,"e":"txn-comitted"})") ==
             "trace:2:12: there is no event 'txn-comitted'; did you mean 'txn-committed'?");
  BOOST_TEST(ErrorOf(R"({"t":1,"e":"clients-attached","nod":"tidb-1"})") ==
             "trace:2:31: unknown key 'nod' in an event 'clients-attached'; did you mean 'node'?");
  BOOST_TEST(ErrorOf(R"({"t":1,"nod":"tidb-1","e":"clients-attached"})") ==
             "trace:2:8: unknown key 'nod' in an event 'clients-attached'; did you mean 'node'?");
  BOOST_TEST(ErrorOf(R"({"t":1,"e":"clients-attached","node":"tidb1"})") ==
             "trace:2:38: 'node' is 'tidb1', which is no node of the header; did you mean "
             "'tidb-1'?");
  BOOST_TEST(ErrorOf(R"({"t":1,"e":"node-down","node":"tidb-1","cause":"stoped"})") ==
             "trace:2:48: 'cause' is 'stoped'; it must be one of stopped, killed, exited, "
             "failed-to-start; did you mean 'stopped'?");
  BOOST_TEST(
      ErrorOf(R"({"t":1,"e":"txn-committed","node":"tidb-1","flags":["ddl","marke"]})") ==
      "trace:2:59: 'flags' is 'marke'; it must be one of ddl, marker, unlogged; did you mean "
      "'marker'?");
}

BOOST_AUTO_TEST_CASE(missing_and_doubled_keys) {
  BOOST_TEST(ErrorOf("{}") == "trace:2:1: an event needs its time 't'");
  BOOST_TEST(ErrorOf(R"({"t":1})") == "trace:2:1: an event needs its kind 'e'");
  BOOST_TEST(ErrorOf(R"({"t":1,"e":"clients-attached"})") ==
             "trace:2:1: event 'clients-attached' needs 'node'");
  BOOST_TEST(ErrorOf(R"({"t":1,"e":"row-committed","node":"tidb-1"})") ==
             "trace:2:1: event 'row-committed' needs 'table'");
  BOOST_TEST(ErrorOf(R"({"t":1,"e":"workload-stopped","t":1})") ==
             "trace:2:31: the key 't' stands here a second time");
  BOOST_TEST(ErrorOf(R"({"node":"tidb-1","t":1,"e":"clients-attached","node":"tidb-1"})") ==
             "trace:2:2: the key 'node' stands here a second time");
}

BOOST_AUTO_TEST_CASE(values) {
  BOOST_TEST(ErrorOf(R"({"t":1.5,"e":"workload-stopped"})") ==
             "trace:2:6: a number of a trace has no fraction and no exponent");
  BOOST_TEST(ErrorOf(R"({"t":01,"e":"workload-stopped"})") ==
             "trace:2:6: a number must not begin with zeros");
  BOOST_TEST(ErrorOf(R"({"t":"1","e":"workload-stopped"})") ==
             "trace:2:6: an integer should stand here");
  BOOST_TEST(ErrorOf(R"({"t":9223372036854775808,"e":"workload-stopped"})") ==
             "trace:2:6: this integer is beyond 64 bits");
  BOOST_TEST(ErrorOf(R"({"t":-1,"e":"workload-stopped"})") ==
             "trace:2:1: event 'workload-stopped' has the negative time -1");
  BOOST_TEST(ErrorOf(R"({"t":1,"e":"txn-handed","node":"tidb-1","st":7})") ==
             "trace:2:46: a string should stand here");
  BOOST_TEST(ErrorOf(R"({"t":1,"e":"txn-handed","node":"tidb-1","st":"-7"})") ==
             "trace:2:46: 'st' is '-7'; it must be a timestamp in decimal digits");
  BOOST_TEST(ErrorOf(R"({"t":1,"e":"txn-committed","node":"tidb-1","rows":-1})") ==
             "trace:2:51: 'rows' is -1; it must be from 0 to 4294967295");
  BOOST_TEST(ErrorOf(R"({"t":1,"e":"row-committed","node":"tidb-1","table":2})") ==
             "trace:2:52: 'table' is 2; it must be from 0 to 1");
  BOOST_TEST(ErrorOf(R"({"t":1,"e":"txn-committed","node":"tidb-1","flags":["ddl","ddl"]})") ==
             "trace:2:59: 'ddl' stands in 'flags' a second time");
}

BOOST_AUTO_TEST_CASE(syntax) {
  BOOST_TEST(ErrorOf("") == "trace:2:1: the line ends where '{' should stand");
  BOOST_TEST(ErrorOf("[]") == "trace:2:1: '{' should stand here");
  BOOST_TEST(ErrorOf(R"({"t":1,"e":"workload-stopped"} x)") ==
             "trace:2:32: something stands behind the line's object");
  BOOST_TEST(ErrorOf(R"({"t":1,"e":"workload-stopped",})") ==
             "trace:2:31: a string should stand here");
  BOOST_TEST(ErrorOf(R"({"t":1,"x":{},"e":"workload-stopped"})") ==
             "trace:2:12: a string, an integer or an array of strings should stand here");
  BOOST_TEST(ErrorOf(R"({"t":1,"e":"alert","said":"\q"})") ==
             "trace:2:29: there is no such escape");
  BOOST_TEST(ErrorOf(R"({"t":1,"e":"alert","said":"\ud83d"})") ==
             "trace:2:34: half of a surrogate pair stands alone");
  BOOST_TEST(ErrorOf(R"({"t":1,"e":"alert","said":"\u00"})").find("four hexadecimal") !=
             std::string::npos);
  BOOST_TEST(ErrorOf("{\"t\":1,\"e\":\"alert\",\"said\":\"\xFF\"}") ==
             "trace:2:28: this byte is no valid UTF-8");
  BOOST_TEST(ErrorOf("{\"t\":1,\"e\":\"alert\",\"said\":\"\x01\"}") ==
             "trace:2:28: a control character must be escaped in a string");
}

BOOST_AUTO_TEST_CASE(escapes_mean_what_json_says) {
  const std::string line =
      R"({"t":1,"\u0065":"alert","said":"\u0041\u00e9\ud83d\udc1f\/\b\f\n\r\t\\\"\udcff"})";
  const std::string message = ErrorOf(line);  // only the last line is missing
  BOOST_TEST(message.find("trace:3:1: the trace stops after 1 events") == 0U, message);
}

BOOST_AUTO_TEST_CASE(order_and_last_line) {
  BOOST_TEST(
      ErrorOf("{\"t\":5,\"e\":\"workload-stopped\"}\n{\"t\":4,\"e\":\"workload-stopped\"}") ==
      "trace:3:1: the time 4 is before 5, that of the event before");
  BOOST_TEST(ErrorOf(R"({"end":1,"digest":"x"})") ==
             "trace:2:1: 'end' is 1, but 0 events stand before it");
  BOOST_TEST(ErrorOf(R"({"end":0})") ==
             "trace:2:1: the last line has 'end' and 'digest' and nothing else");
  BOOST_TEST(ErrorOf(R"({"end":0,"digest":"x","t":1})") ==
             "trace:2:1: the last line has 'end' and 'digest' and nothing else");
  BOOST_TEST(ErrorOf(R"({"end":0,"digest":"x"})")
                 .find("trace:2:1: 'digest' is 'x', but that of this trace is '") == 0U);
  const std::string whole = Write(SmallTrace(), Form::kJsonl);
  BOOST_TEST(Read(whole + "\n", Form::kJsonl).error().ToString() ==
             "trace:6:1: something stands behind the trace's last line");
  BOOST_TEST(Read("", Form::kJsonl).error().ToString() ==
             "trace:1:1: the file is empty; a trace begins with its header");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidegate::trace
