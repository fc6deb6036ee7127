#include "verifier/model/version_rules.h"

#include <cctype>
#include <tuple>

namespace tidegate::verifier {
namespace {

constexpr int kAlpha = 0;
constexpr int kBeta = 1;
constexpr int kPre = 2;
constexpr int kRc = 100;  // rc.n is kRc + n
constexpr int kReleased = 100'000;
constexpr int kNumberMax = 10'000;

// Takes the digits at the front of `text`; -1 when there are none.
int TakeNumber(std::string_view* text) {
  int number = -1;
  while (!text->empty() && std::isdigit(static_cast<unsigned char>(text->front())) != 0) {
    number = (number < 0 ? 0 : number) * 10 + (text->front() - '0');
    if (number > kNumberMax) return -1;
    text->remove_prefix(1);
  }
  return number;
}

bool Take(std::string_view* text, std::string_view prefix) {
  if (!text->starts_with(prefix)) return false;
  text->remove_prefix(prefix.size());
  return true;
}

// The rest behind "X.Y.Z": "-rc.5", "-binlog", "-alpha", "-rc.4-12-gabcdef".
void ReadSuffix(std::string_view rest, Release* release) {
  release->stage = kReleased;
  if (Take(&rest, "-rc")) {
    Take(&rest, ".");
    const int number = TakeNumber(&rest);
    release->stage = kRc + (number < 0 ? 0 : number);
  } else if (Take(&rest, "-beta")) {
    release->stage = kBeta;
  } else if (Take(&rest, "-alpha")) {
    release->stage = kAlpha;
  } else if (Take(&rest, "-pre")) {
    release->stage = kPre;
  }
  release->binlog_branch = rest.find("-binlog") != std::string_view::npos;
}

auto Order(const Release& release) {
  return std::tuple(release.major, release.minor, release.patch, release.stage);
}

constexpr Release kFirstAfterLocal = {true, 1, 1, 0, kAlpha, false};
constexpr Release kFirstKafka = {true, 1, 0, 0, kReleased, false};
constexpr Release kFirstCluster = {true, 2, 1, 0, kRc + 5, false};
constexpr int kBinlogBranchPatchMin = 8;  // v2.0.8-binlog

bool OnBinlogBranch(const Release& release) {
  return release.binlog_branch && release.major == 2 && release.minor == 0 &&
         release.patch >= kBinlogBranchPatchMin;
}

}  // namespace

Release ReadRelease(std::string_view text) {
  Release release;
  const std::size_t server = text.find("TiDB-");  // "5.7.10-TiDB-v2.1.0": the MySQL version first
  if (server != std::string_view::npos) text.remove_prefix(server + 5);
  Take(&text, "v");
  if (Take(&text, "rc")) {  // "rc2.3": before 1.0
    const int number = TakeNumber(&text);
    if (number < 0) return release;
    release.known = true;
    release.stage = kRc + number;
    return release;
  }
  release.major = TakeNumber(&text);
  if (release.major < 0 || !Take(&text, ".")) return Release{};
  release.minor = TakeNumber(&text);
  if (release.minor < 0) return Release{};
  if (Take(&text, ".")) release.patch = TakeNumber(&text);
  if (release.patch < 0) return Release{};
  release.known = true;
  ReadSuffix(text, &release);
  return release;
}

bool Before(const Release& a, const Release& b) { return Order(a) < Order(b); }

bool MayWriteTo(const Release& release, Era era) {
  const bool cluster = OnBinlogBranch(release) || !Before(release, kFirstCluster);
  switch (era) {
    case Era::kLocal: return Before(release, kFirstAfterLocal);
    // The -binlog line of 2.0 was made for cluster Pumps: before its first release there is none.
    case Era::kKafka: return !cluster && !release.binlog_branch && !Before(release, kFirstKafka);
    case Era::kCluster: return cluster;
    case Era::kNone: break;
  }
  return false;
}

Era EraOfBinary(std::string_view version) {
  for (const std::string_view name : {"kafka", "documented"}) {
    if (version.starts_with(name)) return Era::kKafka;
  }
  if (version.starts_with("cluster")) return Era::kCluster;
  if (version.starts_with("local")) return Era::kLocal;
  const Release release = ReadRelease(version);
  if (!release.known) return Era::kNone;
  if (release.major == 0) return Era::kLocal;
  // 1.0 was built as Local and as Kafka; betas and early candidates of 2.1 as Kafka and as cluster.
  if (release.major == 1 && release.minor == 0) return Era::kNone;
  if (OnBinlogBranch(release) || !Before(release, kFirstCluster)) return Era::kCluster;
  return release.major == 2 && release.minor == 1 ? Era::kNone : Era::kKafka;
}

std::string_view DrainerCannotFollow(const Release& drainer, const Release& tidb) {
  struct Rule {
    Release from;  // the release that brought it, to TiDB and to the Drainer that knows it
    std::string_view why;
  };
  static constexpr Rule kRules[] = {
      {{true, 6, 2, 0, kAlpha, false},
       "TiDB keeps DDL jobs differently since 6.2"},  // tidb-binlog issues/1179, PR 1180
      {{true, 7, 1, 0, kAlpha, false},
       "7.1 changes system tables that older Drainers do not know"},  // tidb-binlog issues/1267
  };
  if (!drainer.known || !tidb.known) return "";
  for (const Rule& rule : kRules) {
    if (!Before(tidb, rule.from) && Before(drainer, rule.from)) return rule.why;
  }
  return "";
}

bool NotifiesAtEveryStart(const Release& release) {
  return release.known && Before(release, {true, 3, 0, 5, kReleased, false});
}

}  // namespace tidegate::verifier
