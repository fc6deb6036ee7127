#include "engine/real/supervise.h"

#include <fmt/format.h>

#include "engine/supervision.h"

namespace tidegate::engine {
namespace {

// $1 deploy_dir, $2 status/ROLE. svc and svstat end with 0 whatever they find (daemontools: svc.c,
// svstat.c); only svstat's words tell. Bounded below the five minutes that an action may take.
constexpr std::string_view kStop = R"sh(cd "$1" || exit 1
[ -x bin/svc ] || { echo "no bin/svc in $1" >&2; exit 1; }
bin/svc -dx "$2"
for _ in $(seq 1 2800); do
  case "$(bin/svstat "$2" 2>&1)" in
    *": up "*|*": down "*) sleep 0.1 ;;
    *) exit 0 ;;
  esac
done
echo "$2 does not stop" >&2
exit 1)sh";

// $3 scripts/run_ROLE.sh. Its files are closed, or ssh would wait for it.
constexpr std::string_view kStart = R"sh(cd "$1" || exit 1
[ -x bin/supervise ] || { echo "no bin/supervise in $1" >&2; exit 1; }
case "$(bin/svstat "$2" 2>&1)" in
  *": up "*) exit 0 ;;
  *": down "*) exec bin/svc -u "$2" ;;
esac
mkdir -p -- "$2" || exit 1
nohup bin/supervise "$2" "$1/$3" </dev/null >/dev/null 2>&1 &
echo $! >"$2/pid")sh";

std::vector<std::string> Script(std::string_view text, const StatusFolder& folder) {
  return {"bash",
          "-c",
          std::string(text),
          "tidegate",
          folder.deploy_dir,
          "status/" + folder.role,
          fmt::format("scripts/run_{}.sh", folder.role)};
}

}  // namespace

Result<std::vector<std::string>> SuperviseStop(std::string_view unit) {
  TRY_ASSIGN(const StatusFolder folder, ParseStatusFolder(unit));
  return Script(kStop, folder);
}

Result<std::vector<std::string>> SuperviseStart(std::string_view unit) {
  TRY_ASSIGN(const StatusFolder folder, ParseStatusFolder(unit));
  return Script(kStart, folder);
}

Result<std::vector<std::string>> SuperviseShow(std::string_view unit) {
  TRY_ASSIGN(const StatusFolder folder, ParseStatusFolder(unit));
  return std::vector<std::string>{folder.deploy_dir + "/bin/svstat", std::string(unit)};
}

}  // namespace tidegate::engine
