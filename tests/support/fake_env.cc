#include "tests/support/fake_env.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/plan.h"

namespace tidegate::engine {
namespace {

constexpr std::int64_t kEpochMs = 1'540'000'000'000;

port::Answer Ok(std::string body = {}) { return {port::AnswerCode::kOk, 0, std::move(body)}; }
port::Answer Code(port::AnswerCode code) { return {code, 0, {}}; }

std::string Key(const std::string& host, const std::string& name) { return host + " " + name; }

Process MakeProcess(const std::string& name, const std::string& host, std::int64_t port,
                    const std::string& unit, const std::string& home, const std::string& version) {
  Process process;
  process.name = name;
  process.host = host;
  process.port = port;
  process.unit = unit;
  process.deploy_dir = home;
  process.data_dir = home + "/data." + name;
  process.binary = home + "/bin/" + name;
  process.config = home + "/conf/" + name + ".toml";
  process.script = home + "/scripts/run_" + name + ".sh";
  process.version = version;
  return process;
}

Drainer MakeDrainer(const FakeClusterOptions& options, int i, bool is_new) {
  Drainer drainer;
  const std::string name = fmt::format("{}-drainer-{}", is_new ? "new" : "old", i);
  drainer.process = MakeProcess(name, fmt::format("10.0.2.{}", i + (is_new ? 100 : 0)), 8249,
                                is_new ? "drainer-8249.service" : "drainer.service",
                                is_new ? "/srv/new" : "/srv/old", is_new ? "v2.1.0" : "latest");
  drainer.sink.name = fmt::format("sink-{}", i);
  drainer.sink.type = options.sink_type;
  drainer.filters.ignore_schemas = {"INFORMATION_SCHEMA", "PERFORMANCE_SCHEMA", "mysql"};
  drainer.config_text = fmt::format("[syncer.to]\nhost = \"h\"\npassword = \"secret-{}\"\n", i);
  if (is_new) drainer.replaces = fmt::format("old-drainer-{}", i);
  return drainer;
}

}  // namespace

Cluster MakeCluster(const FakeClusterOptions& options) {
  Cluster cluster;
  cluster.name = "test";
  cluster.pds = {{"10.0.0.1", 2379}};
  cluster.tidb_version = "v2.0.7";
  cluster.tidb_target_version = "v2.1.0";
  cluster.era = options.era;
  if (options.era == "local") cluster.tidb_version = "v1.0.0";
  for (int i = 1; i <= options.tidbs; ++i) {
    Tidb tidb;
    tidb.process = MakeProcess(fmt::format("tidb-{}", i), fmt::format("10.0.1.{}", i), 4000,
                               "tidb-4000.service", "/srv/tidb", cluster.tidb_version);
    tidb.old_socket = "unix:///srv/tidb/status/pump.sock";
    cluster.tidbs.push_back(tidb);
  }
  for (int i = 1; i <= options.old_pumps; ++i) {
    Pump pump;
    pump.process = MakeProcess(fmt::format("old-pump-{}", i), fmt::format("10.0.1.{}", i), 8250,
                               "pump.service", "/srv/old", "latest");
    pump.node_id = fmt::format("host-{}:8250", i);
    cluster.old_pumps.push_back(pump);
  }
  for (int i = 1; i <= options.new_pumps; ++i) {
    Pump pump;
    pump.process = MakeProcess(fmt::format("new-pump-{}", i), fmt::format("10.0.3.{}", i), 8250,
                               "pump-8250.service", "/srv/new", "v2.1.0");
    cluster.new_pumps.push_back(pump);
  }
  for (int i = 1; i <= options.drainers; ++i) {
    cluster.old_drainers.push_back(MakeDrainer(options, i, false));
    cluster.new_drainers.push_back(MakeDrainer(options, i, true));
  }
  if (options.era == "kafka") {
    cluster.kafkas.push_back(
        {MakeProcess("kafka-1", "10.0.4.1", 9092, "kafka.service", "/srv/kafka", ""), false, true});
    cluster.zookeepers.push_back(
        {MakeProcess("zk-1", "10.0.4.1", 2181, "zookeeper.service", "/srv/zk", ""), false, true});
  }
  cluster.hooks.detach_service = {"/srv/detach"};
  cluster.hooks.attach_service = {"/srv/attach"};
  cluster.marker_schema = "app";
  return cluster;
}

std::string Base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned int group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = (group << 8) | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text += i + j > bytes.size() ? '=' : kAlphabet[(group >> (18 - 6 * j)) & 63];
    }
  }
  return text;
}

FakeEnv::FakeEnv(Cluster a_cluster) : cluster(std::move(a_cluster)) {
  say = [](const port::Tell&) { return "yes"; };
  checkpoint = ComposeTso(kEpochMs - 60'000, 3);
  const auto start = [&](const Process& process) {
    active[Key(process.host, process.unit)] = true;
    enabled[Key(process.host, process.unit)] = true;
  };
  for (const Tidb& tidb : cluster.tidbs) {
    const Process& p = tidb.process;
    start(p);
    files[Key(p.host, p.config)] = "port = 4000\n[binlog]\nwrite-timeout = \"15s\"\n";
    files[Key(p.host, p.script)] =
        "exec bin/tidb-server \\\n    --binlog-socket=\"/s\" \\\n    -L\n";
    binaries[Key(p.host, p.binary)] = cluster.tidb_version;
  }
  for (const Pump& pump : cluster.old_pumps) start(pump.process);
  for (const Drainer& drainer : cluster.old_drainers) {
    start(drainer.process);
    files[Key(drainer.process.host, drainer.process.config)] = drainer.config_text;
  }
  for (const Bystander& kafka : cluster.kafkas) start(kafka.process);
  for (const Bystander& zookeeper : cluster.zookeepers) start(zookeeper.process);
}

Tso FakeEnv::TsoNow() const { return ComposeTso(kEpochMs + now / kMillisecond, 7); }

std::string FakeEnv::Told(port::Tell::Kind kind) const {
  std::string text;
  for (const port::Tell& tell : tells) {
    if (tell.kind == kind) text += tell.text + "\n";
  }
  return text;
}

bool FakeEnv::Run(Engine* engine, Duration limit) { return Drive(engine, limit, nullptr); }

bool FakeEnv::RunUntilCrash(Engine* engine, const Crash& crash) {
  return !Drive(engine, 6 * kHour, &crash);
}

void FakeEnv::Push(Time at, port::Input input) {
  events_.push_back({at, order_++, std::move(input)});
}

bool FakeEnv::Drive(Engine* engine, Duration limit, const Crash* crash) {
  events_.clear();
  const Time end = now + limit;
  std::vector<port::Output> taken;
  if (record != nullptr) record->push_back({now, port::ClockReached{}});
  engine->Handle({now, port::ClockReached{}}, &taken);
  while (true) {
    if (Take(&taken, crash)) return false;
    if (engine->finished()) return true;
    const auto next =
        std::min_element(events_.begin(), events_.end(), [](const auto& a, const auto& b) {
          return a.at != b.at ? a.at < b.at : a.order < b.order;
        });
    if (next == events_.end() || next->at > end) return false;
    Event event = std::move(*next);
    events_.erase(next);
    now = std::max(now, event.at);
    event.input.now = now;
    taken.clear();
    if (record != nullptr) record->push_back(event.input);
    engine->Handle(event.input, &taken);
  }
}

// Performs the outputs; true: crashed on the way.
bool FakeEnv::Take(std::vector<port::Output>* taken, const Crash* crash) {
  for (port::Output& output : *taken) {
    const bool here = crash != nullptr && crash->output == outputs++;
    if (here && crash->when == Crash::When::kBeforePersist) return true;
    if (auto* persist = std::get_if<port::Persist>(&output)) {
      journal.push_back(persist->record);
    } else if (auto* perform = std::get_if<port::Perform>(&output)) {
      if (here && crash->when == Crash::When::kAfterPersist) return true;
      port::Answer answer = Perform(perform->action);
      Push(now + 100 * kMillisecond, {0, port::ActionDone{perform->id, std::move(answer)}});
    } else if (auto* ask = std::get_if<port::Ask>(&output)) {
      Push(now + kMillisecond,
           {0, port::ObservationCame{ask->id, ask->incarnation, Look(ask->query)}});
    } else if (auto* wake = std::get_if<port::WakeAt>(&output)) {
      Push(wake->at, {0, port::ClockReached{}});
    } else if (auto* tell = std::get_if<port::Tell>(&output)) {
      tells.push_back(*tell);
      if (tell->kind == port::Tell::Kind::kQuestion) {
        const std::optional<std::string> answer = say(*tell);
        if (answer) Push(now + kSecond, {0, port::OperatorSaid{tell->name, *answer}});
      }
    }
    if (here || crash_now) return true;
  }
  return false;
}

port::Answer FakeEnv::Perform(const port::Action& action) {
  const std::string text = port::Describe(action);
  if (fail_operation && operations++ == *fail_operation) return Code(port::AnswerCode::kFailed);
  if (!fail_action.empty() && text.rfind(fail_action, 0) == 0) {
    return Code(port::AnswerCode::kFailed);
  }
  performed_.push_back(text);
  if (perform_hook) perform_hook(action);
  if (const auto* a = std::get_if<port::StopProcess>(&action)) {
    active[Key(a->host, a->unit)] = false;
  } else if (const auto* b = std::get_if<port::StartProcess>(&action)) {
    active[Key(b->host, b->unit)] = true;
  } else if (const auto* c = std::get_if<port::SetUnitEnabled>(&action)) {
    enabled[Key(c->host, c->unit)] = c->enabled;
  } else if (const auto* d = std::get_if<port::InstallBinary>(&action)) {
    binaries[Key(d->host, d->path)] = d->version;
  } else if (const auto* e = std::get_if<port::WriteFile>(&action)) {
    files[Key(e->host, e->path)] = e->content;
  } else if (std::get_if<port::RunSql>(&action) != nullptr) {
    marker = true;
    now += kSecond;
    checkpoint = TsoNow();  // a DDL saves the checkpoint at once
  } else if (const auto* f = std::get_if<port::RunHook>(&action)) {
    attached = f->name == "attach-service";
  } else if (const auto* g = std::get_if<port::KeepBackup>(&action)) {
    backups[g->name] = g->bytes;
  }
  return Ok();
}

port::Answer FakeEnv::Look(const port::Query& query) {
  if (fail_operation && operations++ == *fail_operation) return Code(port::AnswerCode::kTimedOut);
  if (intercept) {
    std::optional<port::Answer> answer = intercept(query);
    if (answer) return *std::move(answer);
  }
  if (const auto* get = std::get_if<port::HttpGet>(&query)) return Get(*get);
  if (std::get_if<port::ListRegistry>(&query) != nullptr) return Registry();
  if (const auto* unit = std::get_if<port::ShowUnit>(&query)) {
    const std::string key = Key(unit->host, unit->unit);
    return Ok(fmt::format("LoadState=loaded\nActiveState={}\nUnitFileState={}\n",
                          active[key] ? "active" : "inactive",
                          enabled[key] ? "enabled" : "disabled"));
  }
  if (const auto* binary = std::get_if<port::BinaryVersion>(&query)) {
    const auto found = binaries.find(Key(binary->host, binary->path));
    if (found == binaries.end()) return Code(port::AnswerCode::kNotFound);
    return Ok("Release Version: " + found->second + "\n");
  }
  if (const auto* file = std::get_if<port::ReadRemoteFile>(&query)) {
    const auto found = files.find(Key(file->host, file->path));
    return found == files.end() ? Code(port::AnswerCode::kNotFound) : Ok(found->second);
  }
  if (const auto* sql = std::get_if<port::QuerySql>(&query)) {
    if (sql->statement.rfind("admin", 0) == 0) return Ok("JOB_ID\tSTATE\n5\tsynced\n");
    if (sql->statement.rfind("show", 0) == 0) {
      return Ok(marker ? "Tables_in_app\ntidegate_marker_1\n" : "");
    }
    return Ok(
        fmt::format("clusterID\tcheckPoint\n77\t{{\"commitTS\":{},\"positions\":{{\"host-1:8250\":"
                    "{{\"offset\":9}}}},\"ts-map\":{{}}}}\n",
                    checkpoint));
  }
  const auto& tcp = std::get<port::ConnectTcp>(query);
  return Code(PortOpen(tcp.host, tcp.port) ? port::AnswerCode::kOk
                                           : port::AnswerCode::kConnectionRefused);
}

bool FakeEnv::PortOpen(const std::string& host, std::int64_t port) {
  const auto is = [&](const Process& p) {
    return p.host == host && p.port == port && active[Key(p.host, p.unit)];
  };
  for (const Tidb& tidb : cluster.tidbs) {
    if (is(tidb.process)) return true;
  }
  for (const auto* pumps : {&cluster.old_pumps, &cluster.new_pumps}) {
    for (const Pump& pump : *pumps) {
      if (is(pump.process)) return true;
    }
  }
  for (const auto* drainers : {&cluster.old_drainers, &cluster.new_drainers}) {
    for (const Drainer& drainer : *drainers) {
      if (is(drainer.process)) return true;
    }
  }
  for (const auto* others : {&cluster.kafkas, &cluster.zookeepers}) {
    for (const Bystander& other : *others) {
      if (is(other.process)) return true;
    }
  }
  return false;
}

port::Answer FakeEnv::Get(const port::HttpGet& get) {
  for (const Tidb& tidb : cluster.tidbs) {
    const Process& p = tidb.process;
    if (p.host != get.host || tidb.status_port != get.port) continue;
    if (!active[Key(p.host, p.unit)]) return Code(port::AnswerCode::kConnectionRefused);
    if (get.path != "/status") return Ok("{\"Skipped\":false,\"SkippedCommitterCounter\":0}");
    return Ok(
        fmt::format("{{\"connections\":{},\"version\":\"5.7.10-TiDB-{}\",\"git_hash\":\"x\"}}",
                    attached ? 3 : 0, binaries[Key(p.host, p.binary)]));
  }
  if (!PortOpen(get.host, get.port)) return Code(port::AnswerCode::kConnectionRefused);
  for (const Drainer& drainer : cluster.old_drainers) {
    if (drainer.process.host != get.host || drainer.process.port != get.port) continue;
    if (get.path == "/metrics") return Ok("# HELP x\nbinlog_drainer_queue_size{name=\"a\"} 0\n");
    const Tso upper = ComposeTso(kEpochMs + now / (10 * kSecond) * 10'000, 5);
    std::string pumps;
    for (const Pump& pump : cluster.old_pumps) {
      pumps += fmt::format("{}\"{}\":{{\"offset\":9}}", pumps.empty() ? "" : ",", pump.node_id);
    }
    return Ok(fmt::format(
        "{{\"PumpPos\":{{{}}},\"Synced\":{},\"DepositWindow\":{{\"Upper\":{},"
        "\"Lower\":{}}},\"TsMap\":\"\"}}\n",
        pumps, synced, upper, upper - ((lower_behind / kMillisecond) << kTsoLogicalBits)));
  }
  std::string nodes;
  for (const Pump& pump : cluster.new_pumps) {
    const Process& p = pump.process;
    if (!active[Key(p.host, p.unit)]) continue;
    nodes +=
        fmt::format("{}\"{}\":{}", nodes.empty() ? "" : ",", p.name,
                    get.path == "/status" && get.port == 8250
                        ? fmt::format("{{\"nodeId\":\"{}\",\"host\":\"{}:{}\",\"state\":\"online\","
                                      "\"isAlive\":false,\"score\":0,\"label\":null,"
                                      "\"maxCommitTS\":{},\"updateTS\":{}}}",
                                      p.name, p.host, p.port, TsoNow(), TsoNow())
                        : std::to_string(TsoNow()));
  }
  if (get.port == 8250) {
    return Ok(
        fmt::format("{{\"status\":{{{}}},\"CommitTS\":{},\"Checkpoint\":{{}},\"ErrMsg\":\"\"}}\n",
                    nodes, TsoNow()));
  }
  return Ok(fmt::format("{{\"PumpPos\":{{{}}},\"Synced\":false,\"LastTS\":{},\"TsMap\":\"\"}}\n",
                        nodes, TsoNow() - (Tso{3000} << kTsoLogicalBits)));
}

port::Answer FakeEnv::Registry() {
  std::string kvs;
  const auto add = [&](const std::string& key, const std::string& value) {
    kvs += fmt::format("{}{{\"key\":\"{}\",\"value\":\"{}\"}}", kvs.empty() ? "" : ",", Base64(key),
                       Base64(value));
  };
  for (const Pump& pump : cluster.old_pumps) {
    add("/tidb-binlog/pumps/" + pump.node_id + "/alive", "{}");
    add("/tidb-binlog/pumps/" + pump.node_id + "/object",
        fmt::format(
            "{{\"NodeID\":\"{}\",\"Host\":\"{}:8250\",\"IsAlive\":false,\"IsOffline\":false,"
            "\"OfflineTS\":0}}",
            pump.node_id, pump.process.host));
  }
  for (const Drainer& drainer : cluster.old_drainers) {
    const Process& p = drainer.process;
    if (!active[Key(p.host, p.unit)]) continue;
    add(fmt::format("/tidb-binlog/cisterns/{}/object", p.name),
        fmt::format("{{\"NodeID\":\"{}\",\"Host\":\"{}:{}\"}}", p.name, p.host, p.port));
  }
  std::string_view rest = extra_registry;
  while (!rest.empty()) {
    const std::size_t key_end = rest.find('\n');
    const std::size_t value_end = rest.find('\n', key_end + 1);
    add(std::string(rest.substr(0, key_end)),
        std::string(rest.substr(key_end + 1, value_end - key_end - 1)));
    rest.remove_prefix(value_end + 1);
  }
  return Ok(fmt::format("{{\"header\":{{}},\"kvs\":[{}],\"count\":\"2\"}}", kvs));
}

}  // namespace tidegate::engine
