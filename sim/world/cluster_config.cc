#include "sim/world/cluster_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "sim/world/config.h"

namespace tidegate::sim {
namespace {

// tidb-binlog: pump/config.go, cmd/pump/pump.toml
constexpr std::array<std::string_view, 18> kPumpKeys = {"log-level",
                                                        "log-file",
                                                        "log-rotate",
                                                        "node-id",
                                                        "addr",
                                                        "socket",
                                                        "advertise-addr",
                                                        "pd-urls",
                                                        "data-dir",
                                                        "gc",
                                                        "heartbeat-interval",
                                                        "gen-binlog-interval",
                                                        "binlog-file-size",
                                                        "max-message-size",
                                                        "metrics-addr",
                                                        "metrics-interval",
                                                        "enable-binlog-slice",
                                                        "binlog-slice-size"};

// tidb-binlog: drainer/config.go, cmd/drainer/drainer.toml; initial-commit-ts is the run script's
// flag, which may also stand in the file here.
constexpr std::array<std::string_view, 19> kDrainerKeys = {"log-level",
                                                           "log-file",
                                                           "log-rotate",
                                                           "node-id",
                                                           "addr",
                                                           "advertise-addr",
                                                           "pd-urls",
                                                           "data-dir",
                                                           "detect-interval",
                                                           "compressor",
                                                           "synced-check-time",
                                                           "metrics-addr",
                                                           "metrics-interval",
                                                           "initial-commit-ts",
                                                           "enable-dispatch",
                                                           "disable-dispatch",
                                                           "disable-detect",
                                                           "enable-detect",
                                                           "cache-binlog-count"};
constexpr std::array<std::string_view, 4> kDrainerTables = {"security.", "syncer.", "channel-id",
                                                            "loopback"};

Error Refused(std::string_view component, std::string message) {
  return {ErrorCode::kBadInput, fmt::format("{}: {}", component, message), ""};
}

// pkg/util StrictDecodeFile, from 2.1.16 and 3.0.2 on; earlier releases read what they know.
template <typename Keys, typename Prefixes>
std::string FindUnknownKeys(const ConfigFile& file, const Dialect& dialect, const Keys& keys,
                            const Prefixes& prefixes) {
  std::string unknown;
  if (dialect.unknown_keys == UnknownKeys::kIgnored) return unknown;
  for (const std::string& key : file.table().Keys()) {
    const auto begins = [&](std::string_view prefix) { return key.rfind(prefix, 0) == 0; };
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    if (std::any_of(prefixes.begin(), prefixes.end(), begins)) continue;
    unknown += unknown.empty() ? key : ", " + key;
  }
  return unknown;
}

// tidb-binlog: pump/config.go: a number of days; from 3.0 on also a duration such as "8h".
Result<Duration> ReadGc(const ConfigFile& file, const Dialect& dialect) {
  const std::string text = file.String("gc", "");
  Duration gc = file.Int("gc", 7) * 24 * kHour;
  if (!text.empty()) {
    if (dialect.gc_syntax == GcSyntax::kDays) {
      return Refused("pump", "gc must be an integer number of days");
    }
    Result<Duration> parsed = ParseDuration(text);
    if (!parsed) return Refused("pump", parsed.error().message);
    gc = *parsed;
  }
  if (gc <= 0) return Refused("pump", "GC is 0, must bigger than 0");
  return gc;
}

Status ReadSink(const ConfigFile& file, const Dialect& dialect, ClusterDrainerConfig* out) {
  const std::string type = file.String("syncer.db-type", "mysql");
  out->checkpoint_store = file.String("syncer.to.checkpoint.schema", "tidb_binlog") + ".checkpoint";
  if (type == "mysql" || type == "tidb") {
    out->sink = ClusterSinkKind::kTable;
    out->sink_is_tidb = type == "tidb";
  } else if (type == "file" || type == "pb") {
    out->sink = ClusterSinkKind::kFile;
  } else if (type == "kafka") {
    out->sink = ClusterSinkKind::kKafka;
  } else if (type != "flash" || !dialect.flash_sink) {
    return Refused("drainer", fmt::format("unsupported checkpoint type {}", type));
  }
  return {};
}

// The value of --initial-commit-ts in a run script; false when the flag is not there.
bool ScriptInitialTs(std::string_view script, std::int64_t* out) {
  constexpr std::string_view kFlag = "-initial-commit-ts";
  std::size_t at = script.find(kFlag);
  if (at == std::string_view::npos) return false;
  at += kFlag.size();
  while (at < script.size() && (script[at] == '=' || script[at] == ' ' || script[at] == '"')) ++at;
  const bool negative = at < script.size() && script[at] == '-';
  if (negative) ++at;
  std::size_t end = at;
  while (end < script.size() && script[end] >= '0' && script[end] <= '9') ++end;
  const Result<Tso> value = ParseTso(script.substr(at, end - at));
  if (!value) return false;
  *out = negative ? -*value : *value;
  return true;
}

// synced-check-time is a number of minutes.
Duration Minutes(const ConfigFile& file, std::string_view key, std::int64_t otherwise) {
  const std::int64_t minutes = file.Int(key, 0);
  return (minutes > 0 ? minutes : otherwise) * kMinute;
}

}  // namespace

Result<ClusterPumpConfig> ReadClusterPumpConfig(const std::string& text, const Dialect& dialect) {
  const ConfigFile& file = ReadConfigFile(text);
  if (file.broken()) return Refused("pump", "the configuration file is not TOML");
  constexpr std::array<std::string_view, 2> kTables = {"security.", "storage."};
  if (const std::string unknown = FindUnknownKeys(file, dialect, kPumpKeys, kTables);
      !unknown.empty()) {
    return Refused("pump", "config file contained unknown configuration options: " + unknown);
  }
  ClusterPumpConfig config;
  TRY_ASSIGN(config.gc, ReadGc(file, dialect));
  config.heartbeat_interval =
      std::max<std::int64_t>(file.Int("heartbeat-interval", 2), 1) * kSecond;
  config.sync_log = file.Bool("storage.sync-log", true);
  config.fake_interval = std::max<std::int64_t>(file.Int("gen-binlog-interval", 3), 1) * kSecond;
  return config;
}

Result<ClusterDrainerConfig> ReadClusterDrainerConfig(const std::string& text,
                                                      const std::string& script,
                                                      const Dialect& dialect, const RunPlan& plan) {
  const ConfigFile& file = ReadConfigFile(text);
  if (file.broken()) return Refused("drainer", "the configuration file is not TOML");
  if (const std::string unknown = FindUnknownKeys(file, dialect, kDrainerKeys, kDrainerTables);
      !unknown.empty()) {
    return Refused("drainer", "config file contained unknown configuration options: " + unknown);
  }
  ClusterDrainerConfig config;
  TRY(ReadSink(file, dialect, &config));
  config.dispatch = !file.Bool("syncer.disable-dispatch", file.Bool("disable-dispatch", false)) &&
                    file.Bool("syncer.enable-dispatch", file.Bool("enable-dispatch", true));
  config.safe_mode = file.Bool("syncer.safe-mode", false);
  const bool many = dialect.work_defaults == WorkDefaults::kSixteenAndTwenty;
  config.worker_count = std::max<std::int64_t>(file.Int("syncer.worker-count", many ? 16 : 1), 1);
  config.txn_batch = std::max<std::int64_t>(file.Int("syncer.txn-batch", many ? 20 : 1), 1);
  // drainer/config.go adjustWorkCount: one output record is one transaction for file and kafka.
  if (config.sink != ClusterSinkKind::kTable) config.dispatch = false;
  if (!config.dispatch) config.worker_count = 1;
  config.detect_interval =
      file.Int("detect-interval", dialect.detect_interval_default / kSecond) * kSecond;
  if (config.detect_interval <= 0) config.detect_interval = dialect.detect_interval_default;
  config.synced_check_time = Minutes(file, "synced-check-time", 5);
  config.initial_commit_ts = file.Int("initial-commit-ts", dialect.initial_commit_ts_default);
  ScriptInitialTs(script, &config.initial_commit_ts);
  config.filter = TableFilter(file, plan);
  return config;
}

}  // namespace tidegate::sim
