// What a syncer of the Kafka era does differently where its sink is a Kafka: it hands messages to a
// producer that tries on by itself, and ends when nothing is acknowledged (tidb-binlog branch
// kafka: drainer/executor/kafka.go).
#include <algorithm>

#include "sim/world/kafka_syncer.h"

namespace tidegate::sim {
namespace {

// drainer/executor/kafka.go newKafka: Producer.Retry.Backoff, with 10000 tries; run: how long
// nothing may be acknowledged.
constexpr Duration kProducerBackoff = 500 * kMillisecond;
constexpr Duration kKafkaSilenceMax = 30 * kSecond;

}  // namespace

// The syncer watches a producer that has sent something (drainer/executor/kafka.go saveBinlog).
void KafkaSyncer::Sent() {
  if (!kafka_sink_) return;
  heard_at_ = world_.now();
  if (silence_watched_) return;
  silence_watched_ = true;
  world_.kernel().After(drainer_, kSecond, kSilence);
}

// A producer tries for longer than the silence may last, and never gives a message up.
bool KafkaSyncer::RetryAtKafka(std::uint64_t worker, bool failed) {
  if (!kafka_sink_ || !failed) return false;
  world_.kernel().After(drainer_, kProducerBackoff, kRetry, worker);
  return true;
}

// drainer/executor/kafka.go run, drainer/syncer.go sync: log.Fatal of the executor's error.
void KafkaSyncer::JudgeSilence() {
  silence_watched_ = wait_ == Wait::kDdl || !std::all_of(workers_.begin(), workers_.end(),
                                                         [](const Worker& w) { return !w.busy; });
  if (!silence_watched_) return;
  if (world_.now() - heard_at_ > kKafkaSilenceMax) {
    Fatal("fail to push msg to kafka after 30s, check if kafka is up and working");
    return;
  }
  world_.kernel().After(drainer_, kSecond, kSilence);
}

}  // namespace tidegate::sim
