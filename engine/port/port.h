// The engine's port: everything that crosses between the executor and the world that it upgrades,
// as plain data. The executor consumes Inputs and returns Outputs; it does no I/O. A host (the real
// one of binlog-upgrade, the in-process one of a rehearsal) performs the outputs in order. Hosts of
// both kinds pass one contract test.
//
// Rules of the port:
//  - A host makes a Persist durable before it performs any output behind it.
//  - At most one Perform is outstanding. Asks may overlap.
//  - Ids rise within one incarnation. Answers carry the incarnation that asked; the executor drops
//    answers of an earlier one.
//  - Bodies are bytes as the remote part wrote them. Only the engine parses them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.h"

namespace tidegate::engine::port {

// ---------------------------------------------------------------- actions: what changes something

/// A UNIT is the name of a systemd unit, or the absolute status folder of a daemontools'
/// `supervise`.
inline bool UnderSupervise(std::string_view unit) { return unit.starts_with('/'); }

/// `systemctl stop UNIT` on HOST, or `svc -dx UNIT`: SIGTERM, and wait until the unit is inactive.
/// Our executor does nothing else; other engines also send a signal to the process itself, and do
/// not wait.
struct StopProcess {
  std::string host;
  std::string unit;
  int signal = 0;          ///< 15, 9; 0: by way of the supervisor
  bool supervised = true;  ///< with a signal: a supervisor sees it end, and may start it again
};
/// `systemctl start UNIT` on HOST, or `svc -u UNIT`; returns once the supervisor reports it started
/// (it may still be booting).
struct StartProcess {
  std::string host;
  std::string unit;
};
/// `systemctl enable|disable UNIT`: does it start with the host? Never of a unit under supervise.
struct SetUnitEnabled {
  std::string host;
  std::string unit;
  bool enabled = false;
};
/// Puts the binary of PART at VERSION (from the engine's resources folder) at PATH on HOST.
struct InstallBinary {
  std::string host;
  std::string part;  ///< "tidb-server", "pump", "drainer"
  std::string version;
  std::string path;
};
/// Replaces PATH on HOST with CONTENT: configuration, run script or unit file.
struct WriteFile {
  std::string host;
  std::string path;
  std::string content;
};
/// Runs STATEMENT at a MySQL-protocol endpoint ("tidb 10.0.1.1:4000", or a sink's name).
struct RunSql {
  std::string endpoint;
  std::string statement;
};
/// Runs one of the operator's hooks of the site file: "detach-service", "attach-service".
struct RunHook {
  std::string name;
  std::vector<std::string> argv;
};
/// Keeps BYTES under NAME in the engine's own backup folder.
struct KeepBackup {
  std::string name;
  std::string bytes;
};
/// Runs `ansible-playbook PLAYBOOK --tags=TAGS [-l LIMIT]` in the folder DIR of the control
/// machine.
struct RunPlaybook {
  std::string playbook;
  std::string tags;
  std::string limit;
  std::string dir;  ///< "" = where the engine was started
};
/// Copies the binary at FROM over the one at TO, both on HOST, as one rename; what runs goes on.
struct CopyBinary {
  std::string host;  ///< "localhost" is the engine's own
  std::string part;
  std::string from;
  std::string to;
};

using Action = std::variant<StopProcess, StartProcess, SetUnitEnabled, InstallBinary, WriteFile,
                            RunSql, RunHook, KeepBackup, RunPlaybook, CopyBinary>;
/// Names by index of Action; used in plans, journals and traces.
inline constexpr std::array<std::string_view, 10> kActionNames = {
    "stop-process", "start-process", "set-unit-enabled", "install-binary", "write-file",
    "run-sql",      "run-hook",      "keep-backup",      "run-playbook",   "copy-binary"};

// ---------------------------------------------------------------- queries: what only looks

/// GET http://HOST:PORT/PATH; our executor sends nothing else, other engines do.
struct HttpGet {
  std::string host;
  std::int64_t port = 0;
  std::string path;
  std::string method = "GET";
  std::string body = {};
};
/// Every key below ROOT in PD's etcd: the body is the etcd v3 JSON gateway's answer to
/// /v3/kv/range ({"kvs":[{"key":base64,"value":base64}],"count":"n"}).
struct ListRegistry {
  std::string root;
};
/// `systemctl show UNIT -p LoadState,ActiveState,SubState,UnitFileState`: the body is its lines,
/// "ActiveState=active" and so on. An unknown unit answers LoadState=not-found. Under supervise:
/// `svstat UNIT`, "UNIT: up (pid 17) 35 seconds".
struct ShowUnit {
  std::string host;
  std::string unit;
};
/// `PATH -V` on HOST: the body is what the binary prints, with a line "Release Version: v2.1.0".
struct BinaryVersion {
  std::string host;
  std::string path;
};
/// The content of PATH on HOST. Missing: kNotFound.
struct ReadRemoteFile {
  std::string host;
  std::string path;
};
/// Rows of a SELECT or SHOW at a MySQL-protocol endpoint, as `mysql --batch --raw` prints them: a
/// header line, then tab-separated rows; empty when there is no row.
struct QuerySql {
  std::string endpoint;
  std::string statement;
};
/// Does HOST accept a TCP connection on PORT? kOk or kConnectionRefused or kTimedOut.
struct ConnectTcp {
  std::string host;
  std::int64_t port = 0;
};

using Query = std::variant<HttpGet, ListRegistry, ShowUnit, BinaryVersion, ReadRemoteFile, QuerySql,
                           ConnectTcp>;
inline constexpr std::array<std::string_view, 7> kQueryNames = {
    "http-get",         "list-registry", "show-unit",  "binary-version",
    "read-remote-file", "query-sql",     "connect-tcp"};

// ---------------------------------------------------------------- answers

enum class AnswerCode : std::uint8_t {
  kOk,
  kConnectionRefused,
  kConnectionReset,  ///< closed before a whole answer came (an empty reply too)
  kTimedOut,
  kTruncated,   ///< the body is shorter than announced
  kHttpStatus,  ///< a status other than 200; `status` says which
  kNotFound,    ///< no such file, unit, endpoint
  kFailed,      ///< the command or statement failed; `body` has its message
};
inline constexpr std::array<std::string_view, 8> kAnswerCodeNames = {
    "ok",        "connection refused", "connection reset", "timed out",
    "truncated", "http status",        "not found",        "failed"};

struct Answer {
  AnswerCode code = AnswerCode::kOk;
  std::int64_t status = 0;  ///< HTTP status or exit status
  std::string body;
  std::string content_type = {};  ///< of an HTTP answer; "": text/plain; charset=utf-8

  bool ok() const { return code == AnswerCode::kOk; }
};

// ---------------------------------------------------------------- journal

/// One record of the journal, the only thing that an engine keeps. `sequence` rises by one.
struct JournalRecord {
  enum class Kind : std::uint8_t {
    kBegin,     ///< name: plan digest, value: tool version and inventory digest
    kStep,      ///< name: step id, value: "started" or "done"
    kIntent,    ///< name: task id, value: the action about to be performed
    kOutcome,   ///< name: task id, value: "done", "already", or the failure
    kFact,      ///< name: "T0", "M", "checkpoint", …; value: what later steps depend on
    kOperator,  ///< name: the question's id, value: the answer
    kEnd,       ///< name: "done", "refused", "aborted", "failed"; value: why
  };
  std::uint64_t sequence = 0;
  Time at = 0;
  Kind kind = Kind::kBegin;
  std::string name;
  std::string value;
};
inline constexpr std::array<std::string_view, 7> kJournalKindNames = {
    "begin", "step", "intent", "outcome", "fact", "operator", "end"};

// ---------------------------------------------------------------- inputs and outputs

struct ActionDone {
  std::uint64_t id = 0;
  Answer answer;
};
struct ObservationCame {
  std::uint64_t id = 0;
  std::uint32_t incarnation = 0;
  Answer answer;
};
struct ClockReached {};
struct OperatorSaid {
  std::string question;  ///< id of the question
  std::string answer;    ///< "yes", "no", "abort"
};
/// Every input carries the host's clock.
struct Input {
  Time now = 0;
  std::variant<ClockReached, ActionDone, ObservationCame, OperatorSaid> what;
};

struct Persist {
  JournalRecord record;
};
struct Perform {
  std::uint64_t id = 0;
  Action action;
  Duration timeout = 5 * kMinute;  ///< a host that can end what it began ends it by then
};
struct Ask {
  std::uint64_t id = 0;
  std::uint32_t incarnation = 0;
  Query query;
  Duration timeout = 5 * kSecond;  ///< the host answers kTimedOut by then
};
struct WakeAt {
  Time at = 0;
};
/// What the operator should know, in the order it became known.
struct Tell {
  enum class Kind : std::uint8_t {
    kStepStarted,  ///< step
    kProven,       ///< step, text: what was proven
    kStepDone,     ///< step, text: its proof in one sentence
    kGateShut,     ///< step, text: which clause is false and since when
    kGateOpened,   ///< step, text: what stood
    kFact,         ///< text: name, value: number (T0, M, handed-over checkpoint)
    kQuestion,     ///< text: the question, name: its id; the host answers with OperatorSaid
    kWarning,      ///< text
    kFinished,     ///< name: "done", "refused", "aborted", "failed"; text: why
  };
  Kind kind = Kind::kWarning;
  std::string step;
  std::string name;
  std::string text;
  std::int64_t value = 0;
};
inline constexpr std::array<std::string_view, 9> kTellNames = {
    "step-started", "proven",   "step-done", "gate-shut", "gate-opened",
    "fact",         "question", "warning",   "finished"};

using Output = std::variant<Persist, Perform, Ask, WakeAt, Tell>;

/// One printed line: "stop-process old-pump.service on 10.0.1.1". Never holds content, SQL
/// arguments or passwords; the same words in plan, journal and trace.
std::string Describe(const Action& action);
std::string Describe(const Query& query);

}  // namespace tidegate::engine::port
