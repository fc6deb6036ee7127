#include "sim/world/cluster_drainer_merge.h"

#include <utility>

namespace tidegate::sim {
namespace {

bool FillHead(ClusterSource* source) {
  if (source->has_head) return true;
  if (source->at == source->buffer.size()) return false;
  source->head = source->buffer[source->at++];
  source->has_head = true;
  source->latest = source->head.commit_ts;
  if (source->at == source->buffer.size()) {
    source->buffer.clear();
    source->at = 0;
  }
  return true;
}

}  // namespace

void ClusterMerge::Reset(Tso after) {
  sources_.clear();
  blocked_at_ = 0;
  latest_ts_ = after;
}

ClusterSource& ClusterMerge::Add(NodeId pump, std::string id) {
  ClusterSource& source = sources_.emplace_back();
  source.pump = pump;
  source.id = std::move(id);
  source.latest = latest_ts_;
  return source;
}

void ClusterMerge::Remove(ClusterSource* source, std::vector<Binlog>* left) {
  left->assign(source->buffer.begin() + static_cast<std::ptrdiff_t>(source->at),
               source->buffer.end());
  source->buffer.clear();
  source->at = 0;
  source->removed = true;
  source->connected = false;
}

ClusterSource* ClusterMerge::Find(std::string_view id) {
  for (ClusterSource& source : sources_) {
    if (source.id == id && !source.removed) return &source;
  }
  return nullptr;
}

ClusterSource* ClusterMerge::FindStream(NodeId pump, std::uint32_t stream) {
  for (ClusterSource& source : sources_) {
    if (source.pump == pump && source.stream == stream && !source.removed) return &source;
  }
  return nullptr;
}

bool ClusterMerge::FillHeads() {
  if (blocked_at_ < sources_.size() && !sources_[blocked_at_].removed &&
      !FillHead(&sources_[blocked_at_])) {
    return false;
  }
  for (std::size_t i = 0; i < sources_.size();) {
    if (FillHead(&sources_[i])) {
      ++i;
    } else if (sources_[i].removed) {
      sources_.erase(sources_.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      blocked_at_ = i;
      return false;
    }
  }
  return !sources_.empty();
}

ClusterMerge::Next ClusterMerge::Take(Binlog* out) {
  if (!FillHeads()) return Next::kBlocked;
  std::size_t least = 0;
  for (std::size_t i = 1; i < sources_.size(); ++i) {
    if (sources_[i].head.commit_ts < sources_[least].head.commit_ts) least = i;
  }
  *out = sources_[least].head;
  sources_[least].has_head = false;
  blocked_at_ = least;
  if (out->commit_ts < latest_ts_) return Next::kLessThanLast;
  if (out->commit_ts == latest_ts_) return Next::kDuplicate;
  latest_ts_ = out->commit_ts;
  return Next::kInOrder;
}

}  // namespace tidegate::sim
