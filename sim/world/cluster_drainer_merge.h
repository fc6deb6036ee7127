// The merge of a cluster-era Drainer: one stream per Pump, ascending by commit_ts each, into one.
// It needs a head from every source before it gives the least one, so that any source that is
// silent holds back all of them. (tidb-binlog: drainer/merge.go, all branches alike)
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "sim/messages.h"

namespace tidegate::sim {

/// One Pump as a Drainer sees it: the source of the merge, and the stream that feeds it.
struct ClusterSource {
  NodeId pump = kNoNode;  ///< kNoNode: registered, and nowhere to be reached
  std::string id;

  std::vector<Binlog> buffer;  ///< received, not yet a head
  std::size_t at = 0;          ///< first unread one in `buffer`
  Binlog head;
  bool has_head = false;
  bool removed = false;  ///< gives its head, if it has one, and is gone
  Tso latest = 0;        ///< commit_ts of the last binlog that became a head

  std::uint32_t stream = 0;
  bool connected = false;
  bool paused = false;        ///< a broken stream is not opened again
  std::int64_t received = 0;  ///< batches of the present stream
  std::int64_t acked = 0;     ///< batches that the Pump was told of
  Time heard_at = 0;
};

class ClusterMerge {
 public:
  enum class Next : std::uint8_t {
    kBlocked,       ///< a source has no head, or there is no source
    kInOrder,       ///< emitted
    kDuplicate,     ///< equal to the last one: dropped
    kLessThanLast,  ///< below the last one: dropped
  };

  /// Nothing at or below `after` will be emitted.
  void Reset(Tso after);

  /// A source that begins above latest_ts(). The reference is valid until the next Add or Take.
  ClusterSource& Add(NodeId pump, std::string id);
  /// What it has not made a head of is given to `left`.
  void Remove(ClusterSource* source, std::vector<Binlog>* left);
  ClusterSource* Find(std::string_view id);
  ClusterSource* FindStream(NodeId pump, std::uint32_t stream);

  /// The next binlog; `out` is set unless it is blocked.
  Next Take(Binlog* out);

  std::vector<ClusterSource>& sources() { return sources_; }
  const std::vector<ClusterSource>& sources() const { return sources_; }
  /// commit_ts of the last binlog that was emitted.
  Tso latest_ts() const { return latest_ts_; }

 private:
  bool FillHeads();

  std::vector<ClusterSource> sources_;
  std::size_t blocked_at_ = 0;  // the source that had no head the last time
  Tso latest_ts_ = 0;
};

}  // namespace tidegate::sim
