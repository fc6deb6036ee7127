#include "tests/verifier/rolling_text.h"

#include <boost/test/unit_test.hpp>
#include <string_view>

namespace tidegate::test {
namespace {

constexpr std::string_view kRolling = R"(
node pd pd
node tidb-1 tidb host=h1 unit=tidb
node pump-1 pump era=cluster host=h2 port=8250 unit=pump-8250 dir=/d target=v3.0.5
node pump-2 pump era=cluster host=h3 port=8250 unit=pump-8250 dir=/d target=v3.0.5
node drainer-1 drainer era=cluster sink=mysql detect=10s host=h4 port=8249 unit=drainer-8249 dir=/d target=v3.0.5
node mysql downstream
table a sinks=mysql
header procedure=rolling-manual drain-max=20m
pump-1 up version=v2.1.8
pump-1 registry online key=/tidb-binlog/v1/pumps/h2:8250
pump-2 up version=v2.1.8
pump-2 registry online key=/tidb-binlog/v1/pumps/h3:8250
tidb-1 up version=v2.1.8
tidb-1 path open cluster tso=1
tidb-1 clients on
drainer-1 up version=v2.1.8
drainer-1 load 0 zero
drainer-1 registry online key=/tidb-binlog/v1/drainers/h4:8249
drainer-1 add pump-1
drainer-1 add pump-2
tidb-1 commit 10/11 a:1=5 pump=pump-1
drainer-1 hand 10/11
drainer-1 apply 11 a:1=5
drainer-1 save 11
@1m engine started ours
act install pump-1
event binary-installed node=pump-1 text=v3.0.5
act stop pump-1
pump-1 registry paused key=/tidb-binlog/v1/pumps/h2:8250
pump-1 down
act start pump-1
pump-1 up version=v3.0.5 incarnation=2
pump-1 registry online key=/tidb-binlog/v1/pumps/h2:8250
pump-1 ack fake 20/20
act install pump-2
event binary-installed node=pump-2 text=v3.0.5
act stop pump-2
pump-2 registry paused key=/tidb-binlog/v1/pumps/h3:8250
pump-2 down
act start pump-2
pump-2 up version=v3.0.5 incarnation=2
pump-2 registry online key=/tidb-binlog/v1/pumps/h3:8250
pump-2 ack fake 30/30
act stop drainer-1
drainer-1 registry paused key=/tidb-binlog/v1/drainers/h4:8249
drainer-1 down
act install drainer-1
event binary-installed node=drainer-1 text=v3.0.5
act start drainer-1
drainer-1 up version=v3.0.5 incarnation=2
drainer-1 load 11 stored
drainer-1 registry online key=/tidb-binlog/v1/drainers/h4:8249
drainer-1 add pump-1
drainer-1 add pump-2
tidb-1 commit 40/41 a:1=6 pump=pump-2
drainer-1 hand 40/41
drainer-1 apply 41 a:1=6
drainer-1 save 41
engine done
workload stopped
end quiet
)";

}  // namespace

std::string Rolling(const std::string& line, const std::string& by) {
  std::string text(kRolling);
  if (line.empty()) return text;
  const std::size_t at = text.find("\n" + line + "\n");
  BOOST_REQUIRE_MESSAGE(at != std::string::npos, "no line '" << line << "'");
  text.replace(at + 1, line.size(), by);
  return text;
}

}  // namespace tidegate::test
