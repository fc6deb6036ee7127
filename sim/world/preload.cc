#include "sim/world/preload.h"

#include <algorithm>
#include <map>

#include "sim/world/config.h"
#include "sim/world/downstream.h"
#include "sim/world/hosts.h"
#include "sim/world/kafka.h"
#include "sim/world/kafka_checkpoint.h"
#include "sim/world/pd.h"
#include "sim/world/tikv.h"

namespace tidegate::sim {
namespace {

using trace::BinlogType;
using trace::EventKind;

constexpr std::int64_t kPreloadedKeys = 3'000'000'000;

// The stored checkpoint of each old Drainer, as it would have written it. Positions in the plan are
// those stored: 5000 below what was published.
void StoreCheckpoints(World& world) {
  constexpr std::int64_t kSafeKafkaOffset = 5000;
  std::map<std::string, std::int64_t> positions;
  for (const BacklogPlan& backlog : world.plan().backlog) {
    positions[world.node_plan(backlog.pump).etcd_id] = backlog.first_offset + kSafeKafkaOffset;
  }
  for (std::size_t i = 0; i < world.node_count(); ++i) {
    const NodePlan& node = world.plan().nodes[i];
    if (node.info.role != Role::kDrainer || !node.info.old_side || node.info.sink == kNoNode)
      continue;
    const ConfigFile& config = ReadConfigFile(node.config);
    const std::string type = config.String("syncer.db-type", "mysql");
    const bool table = type == "mysql" || type == "tidb";
    const bool local = node.info.era == Era::kLocal;
    const CheckpointForm form = local   ? CheckpointForm::kLocalSavePoint
                                : table ? CheckpointForm::kRow
                                        : CheckpointForm::kSavepoint;
    std::string body = KafkaCheckpointBody(world.plan().saved_commit_ts, positions, form);
    if (form == CheckpointForm::kRow) {
      static_cast<Downstream&>(world.node(node.info.sink))
          .SetCheckpoint(
              config.String("syncer.to.checkpoint.schema", "tidb_binlog") + ".checkpoint",
              std::move(body));
    } else {
      world.hosts().WriteFile(node.info.host,
                              node.info.data_dir + (local ? "/savePoint" : "/savepoint"),
                              std::move(body));
    }
  }
}

NodeId WriterOf(World& world, NodeId pump) {
  for (std::size_t i = 0; i < world.node_count(); ++i) {
    if (world.plan().nodes[i].local_pump == pump) return static_cast<NodeId>(i);
  }
  return kNoNode;
}

class BacklogMaker {
 public:
  BacklogMaker(World& world, std::size_t index)
      : world_(world),
        backlog_(world.plan().backlog[index]),
        lane_(static_cast<Tso>(index)),
        writer_(WriterOf(world, backlog_.pump)) {}

  void Make() {
    const std::int64_t count = backlog_.end_offset - backlog_.first_offset;
    const std::int64_t pairs = count / 2;
    const Tso from = world_.plan().saved_commit_ts;
    const Tso to = ComposeTso(world_.plan().epoch_ms, 0);
    // Lanes keep the timestamps of different Pumps apart.
    const auto lanes = static_cast<Tso>(world_.plan().backlog.size() * 4);
    const Tso step = std::max<Tso>(1, (to - from) / (pairs + 2) / lanes) * lanes;
    for (std::int64_t i = 0; i < pairs; ++i) Pair(i, from + 4 * lane_ + (i + 1) * step);
    if (count % 2 != 0) Fake(from + 4 * lane_ + (pairs + 1) * step);
    world_.Record({.kind = EventKind::kTopicAdvanced,
                   .node = BrokerOf(world_, backlog_.pump),
                   .peer = backlog_.pump,
                   .a = backlog_.first_offset,
                   .b = backlog_.end_offset,
                   .c = last_});
    static_cast<Kafka&>(world_.node(BrokerOf(world_, backlog_.pump)))
        .Preload(backlog_.pump, backlog_.first_offset, messages_);
  }

 private:
  void Pair(std::int64_t index, Tso start_ts) {
    const Tso commit_ts = start_ts + 1;
    RowChange row;
    row.key = kPreloadedKeys + index * 8 + lane_;
    row.value = index * 16 + 5 + lane_;
    std::vector<RowChange> rows{row};
    world_.tikv().Lock(start_ts, &rows);
    world_.tikv().Prewrite(start_ts);
    Binlog binlog;
    binlog.start_ts = start_ts;
    binlog.body = world_.AddBody({}, rows);
    binlog.type = static_cast<std::uint8_t>(BinlogType::kPrewrite);
    binlog.writer = writer_;
    messages_.push_back(binlog);
    Acked(binlog);
    world_.tikv().Commit(start_ts, commit_ts, rows.data(), rows.size());
    world_.Record(
        {.kind = EventKind::kTxnCommitted, .node = writer_, .a = start_ts, .b = commit_ts, .n = 1});
    world_.Record({.kind = EventKind::kRowCommitted,
                   .node = writer_,
                   .code = row.table,
                   .a = row.key,
                   .b = commit_ts,
                   .c = row.value});
    binlog.commit_ts = commit_ts;
    binlog.type = static_cast<std::uint8_t>(BinlogType::kCommit);
    messages_.push_back(binlog);
    Acked(binlog);
    last_ = commit_ts;
  }

  void Fake(Tso ts) {
    Binlog fake;
    fake.start_ts = ts;
    fake.commit_ts = ts;
    fake.type = static_cast<std::uint8_t>(BinlogType::kFake);
    messages_.push_back(fake);
  }

  void Acked(const Binlog& binlog) {
    world_.Record({.kind = EventKind::kBinlogAcked,
                   .node = backlog_.pump,
                   .peer = writer_,
                   .code = binlog.type,
                   .a = binlog.start_ts,
                   .b = binlog.commit_ts});
  }

  World& world_;
  const BacklogPlan& backlog_;
  Tso lane_;
  NodeId writer_;
  Tso last_ = 0;
  std::vector<Binlog> messages_;
};

}  // namespace

void Preload(World& world) {
  if (world.plan().saved_commit_ts > 0) StoreCheckpoints(world);
  for (std::size_t i = 0; i < world.plan().backlog.size(); ++i) BacklogMaker(world, i).Make();
}

}  // namespace tidegate::sim
