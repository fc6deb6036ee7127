#include "tests/verifier/upgrade_text.h"

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>

namespace tidegate::test {
namespace {

constexpr std::string_view kUpgrade = R"(
node pd pd
node tidb-1 tidb host=h1 unit=tidb target=v2.1.0
node tidb-2 tidb host=h2 unit=tidb target=v2.1.0
node old-pump-1 pump old era=kafka host=h1 port=8250 unit=pump dir=/d/pump
node old-pump-2 pump old era=kafka host=h2 port=8250 unit=pump dir=/d/pump
node kafka kafka old host=h5 unit=kafka
node zk zookeeper old host=h5 unit=zk
node foreign-kafka kafka foreign host=h6 unit=kafka
node old-drainer drainer old era=kafka sink=mysql detect=10s host=h4 port=8249 unit=drainer dir=/d/drainer
node new-pump-1 pump new era=cluster host=h3 port=8250 unit=pump-8250 dir=/d/pump target=v2.1.0
node new-drainer drainer new era=cluster sink=mysql detect=10s host=h7 port=8249 unit=drainer-8249 dir=/d/drainer target=v2.1.0
node mysql downstream
table a sinks=mysql
table log keyless sinks=mysql
header procedure=kafka-to-cluster drain-max=20m
old-pump-1 up version=kafka
old-pump-2 up version=kafka
kafka up
zk up
foreign-kafka up
old-drainer up version=kafka config=syncer={ignore-schemas="mysql,test2",db-type="mysql"}
old-pump-1 registry alive key=/tidb-binlog/pumps/h1:8250/object
old-pump-2 registry alive key=/tidb-binlog/pumps/h2:8250/object
tidb-1 up version=v2.0.11
tidb-2 up version=v2.0.11
tidb-1 path open socket old-pump-1 tso=1
tidb-2 path open socket old-pump-2 tso=1
tidb-1 clients on
tidb-2 clients on
old-drainer load 0 zero
tidb-1 commit 10/11 a:1=5 pump=old-pump-1
old-drainer hand 10/11
old-drainer apply 11 a:1=5
old-drainer save 11
@1m engine started ours
event asked node=old-drainer code=0 a=900 text=http://h4:8249/metrics
event answered node=old-drainer a=900 n=200
act install new-pump-1
event binary-installed node=new-pump-1 text=v2.1.0
act start new-pump-1
new-pump-1 up version=v2.1.0
new-pump-1 registry online key=/tidb-binlog/v1/pumps/h3:8250
event action-started code=6 a=901 text=run-hook_detach
tidb-1 clients off
tidb-2 clients off
event action-done a=901
tidb-1 ddl 20/21 a job=7 shape=1 marker pump=old-pump-1
act stop tidb-1
tidb-1 path close socket old-pump-1 tso=40
tidb-1 down
act stop tidb-2
tidb-2 path close socket old-pump-2 tso=50
tidb-2 down
event fact-journaled a=55 text=T0
act install tidb-1
event binary-installed node=tidb-1 text=v2.1.0
act install tidb-2
event binary-installed node=tidb-2 text=v2.1.0
act start tidb-1
tidb-1 up version=v2.1.0 incarnation=2
tidb-1 path open cluster tso=60
act start tidb-2
tidb-2 up version=v2.1.0 incarnation=2
tidb-2 path open cluster tso=61
event action-started code=6 a=902 text=run-hook_attach
tidb-1 clients on
tidb-2 clients on
event action-done a=902
tidb-2 commit 70/71 a:1=7 pump=new-pump-1
old-drainer hand 20/21
old-drainer ddl-apply 21 a job=7 shape=1
old-drainer save 21
status old-drainer {"PumpPos":{"h1:8250":{"offset":3},"h2:8250":{"offset":1}},"Synced":false,"DepositWindow":{"Upper":90,"Lower":65},"TsMap":""}
act stop old-drainer
old-drainer down
act enable old-drainer
event unit-enabled node=old-drainer code=0
act install new-drainer
event binary-installed node=new-drainer text=v2.1.0
act write new-drainer
event config-installed node=new-drainer text=syncer={ignore-schemas="TEST2,mysql",db-type="mysql"}
act start new-drainer
new-drainer up version=v2.1.0 config=syncer={ignore-schemas="TEST2,mysql",db-type="mysql"}
new-drainer registry online key=/tidb-binlog/v1/drainers/h7:8249
new-drainer load 21 stored
new-drainer add new-pump-1
new-drainer hand 70/71
new-drainer apply 71 a:1=7
new-drainer save 80
act stop old-pump-1
old-pump-1 registry kafka-offline key=/tidb-binlog/pumps/h1:8250/object
old-pump-1 down
act enable old-pump-1
event unit-enabled node=old-pump-1 code=0
act stop old-pump-2
old-pump-2 registry kafka-offline key=/tidb-binlog/pumps/h2:8250/object
old-pump-2 down
act enable old-pump-2
event unit-enabled node=old-pump-2 code=0
act stop kafka
kafka down
act enable kafka
event unit-enabled node=kafka code=0
act stop zk
zk down
act enable zk
event unit-enabled node=zk code=0
new-drainer save 41943040000
engine done
workload stopped
@2m end quiet tso=52428800000
)";

}  // namespace

std::string UpgradeText() { return std::string(kUpgrade); }

std::string Upgrade(const std::vector<Edit>& edits) {
  std::string text(kUpgrade);
  for (const Edit& edit : edits) {
    const std::string from = fmt::format("\n{}\n", edit.line);
    const std::size_t at = text.find(from);
    BOOST_REQUIRE_MESSAGE(at != std::string::npos, "there is no line '" << edit.line << "'");
    const std::string by = edit.by.empty() ? std::string("\n") : fmt::format("\n{}\n", edit.by);
    text.replace(at, from.size(), by);
  }
  return text;
}

}  // namespace tidegate::test
