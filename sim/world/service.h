// The clients and the load balancer in front of the TiDBs: who may write, what they write, and what
// failed. Transactions are drawn by number, so that a changed arrival shifts nothing else.
#pragma once

#include <algorithm>
#include <vector>

#include "sim/world.h"

namespace tidegate::sim {

/// One drawn transaction.
struct TxnDraw {
  std::vector<RowChange> rows;
  Duration hold = 0;  ///< between its prewrite binlog and its commit
  bool roll_back = false;
};

class Service final : public Node {
 public:
  Service(World& world, NodeId id);

  /// The content of transaction `number`.
  void DrawTxn(std::uint64_t number, TxnDraw* out);

  // ---- the engine's hooks
  void Detach();
  void Attach();
  bool attached() const { return attached_; }
  bool IsReachable(NodeId tidb) const {
    return std::find(reachable_.begin(), reachable_.end(), tidb) != reachable_.end();
  }

  // ---- TiDB's word
  void TidbListening(NodeId tidb);
  void WriteFailed(NodeId tidb, trace::WriteFailure why, Tso start_ts);

  /// Clients stopped for good (the last phase has begun).
  bool stopped() const { return stopped_; }
  void EngineEnded();

  void OnStart() override;
  void OnStopSignal() override {}
  void OnKilled() override {}
  void OnTimer(What what, std::uint64_t a, std::uint32_t b) override;
  void OnSendFailed(const Envelope& envelope, SendFailure failure) override;
  bool Pending() const override { return !stopped_; }

 private:
  enum Timer : What { kSlice = 1, kDdl, kLongTxn, kTailEnd };

  void Slice();
  void Arrive(std::uint64_t number, Duration delay, NodeId tidb);
  void Dispatch(Time until);
  NodeId ChooseTidb(std::uint64_t number) const;
  void FlushRefused();
  void StopIfDone();

  std::vector<NodeId> tidbs_;
  std::vector<NodeId> reachable_;       ///< attached and known to listen
  std::vector<std::uint32_t> weights_;  ///< cumulated table weights
  bool attached_ = true;
  bool stopped_ = false;
  bool engine_ended_ = false;
  bool tail_over_ = false;
  Time next_arrival_ = 0;
  std::uint64_t next_number_ = 0;
  std::uint64_t regular_left_ = 0;
  std::uint32_t refused_ = 0;    ///< writes that found no TiDB since the last event about it
  std::vector<Duration> holds_;  ///< of long transactions, by their index
};

}  // namespace tidegate::sim
