#include "rehearsal/by_hand.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <set>

#include "lab/session/visitor.h"
#include "rehearsal/lab_command.h"

namespace tidegate::rehearsal {
namespace {

constexpr int kShellFailed = 125;

// A screen of its own, so that what stood there before is there again at the end.
constexpr const char* kOtherScreen = "\x1b[?1049h";
constexpr const char* kFirstScreen = "\x1b[?1049l";

std::string WhereText(const Prepared& prepared, const LabInputs& inputs, const lab::Home& home,
                      const std::string& clock) {
  std::string out = fmt::format("lab        {}\n", home.path());
  out += fmt::format("inventory  {}\n", inputs.inventory);
  if (!inputs.target.empty()) out += fmt::format("target     {}\n", inputs.target);
  if (!inputs.site.empty()) out += fmt::format("site       {}\n", inputs.site);
  out += fmt::format("resources  {}/resources\n", home.path());
  std::set<std::string> hosts;
  for (const sim::NodePlan& node : prepared.plan.nodes) {
    if (node.info.host.empty() || node.info.port <= 0) continue;
    hosts.insert(node.info.host);
    out +=
        fmt::format("node       {:<18} {}:{}{}\n", node.info.name, node.info.host, node.info.port,
                    node.info.unit.empty() ? "" : fmt::format("  {}", node.info.unit));
  }
  for (const std::string& host : hosts) {
    out += fmt::format("host       {:<18} {}/hosts/{}\n", host, home.path(), host);
  }
  out += fmt::format("clock      {}\n", clock);
  out += "enter      tidegate lab --shell\n";
  if (clock != "real")
    out += "time       tidegate lab advance 10m, or in a shell: lab advance 10m\n";
  return out + "end        Ctrl-C here, or tidegate lab exit: the verdict\n";
}

}  // namespace

ByHand::~ByHand() { Close(); }

Status ByHand::Open(const Prepared& prepared, const lab::Home& home) {
  TRY_ASSIGN(const LabInputs inputs, LabInputsOf(prepared.scenario, home));
  variables_ = {"TIDEGATE_INVENTORY=" + inputs.inventory, "TIDEGATE_TARGET=" + inputs.target,
                "TIDEGATE_SITE=" + inputs.site};
  title_ = fmt::format("{}  seed {}  clock {}  {}\nenter: tidegate lab --shell   end: Ctrl-C  ",
                       prepared.plan.scenario, prepared.plan.seed, options_.clock, home.path());
  TRY_ASSIGN(door_, lab::ListenForVisitors(home.enter_path()));
  draws_ = !options_.shell && !options_.quiet && isatty(STDOUT_FILENO) != 0;
  if (!options_.quiet && options_.command.empty()) {
    where_ = WhereText(prepared, inputs, home, options_.clock);
  }
  attended_ = std::make_unique<lab::Attended>(
      lab::Attended::Settings{.can_advance = options_.clock != "real",
                              .show = [this] { return view_->Text(); },
                              .at_rest = [this] { Show(); }});
  lab::Attended::CatchSignals();
  if (options_.shell) StartVisitor(home);
  return {};
}

// In a process of its own: ours belongs to the world.
void ByHand::StartVisitor(const lab::Home& home) {
  visitor_ = fork();
  if (visitor_ != 0) return;
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  close(door_);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_DFL);
  if (!options_.command.empty()) std::signal(SIGINT, SIG_IGN);  // the world hears it
  const Result<int> status = lab::VisitLab({home.enter_path(), options_.command});
  // How a shell to talk to ended says nothing of the upgrade.
  const int end = !status.has_value() ? kShellFailed : options_.command.empty() ? 0 : *status;
  alarm(1);  // nobody answers where the lab has ended before the shell
  (void)lab::CallLab(home.path(), {"exit", std::to_string(end)});
  _exit(0);
}

void ByHand::Fill(const lab::Home& home, lab::SessionOptions* session) {
  session->name = kByHand;
  session->program.argv = {fmt::format("{}/tidegate-lab-enter", home.bin_path()),
                           fmt::format("{}/tidegate-lab-keep", home.bin_path())};
  for (const std::string& variable : variables_) {
    if (!variable.ends_with('=')) session->program.environment.push_back(variable);
  }
  session->program.input_fd = door_;
  session->attended = attended_.get();
}

trace::Listener* ByHand::Watch(const trace::Trace& trace) {
  if (!where_.empty()) options_.print(where_);
  std::function<void(const std::string&)> say;
  if (!draws_ && !options_.shell && !options_.quiet) {
    say = [this](const std::string& line) { options_.print(line + "\n"); };
  }
  view_ = std::make_unique<LabView>(trace.header, trace.texts, std::move(say));
  return view_.get();
}

// The screen, from its first line; what stood there before is overwritten.
void ByHand::Show() {
  if (!draws_ || view_ == nullptr || view_->changes() == shown_) return;
  std::string picture = shown_ == 0 ? kOtherScreen : "";
  shown_ = view_->changes();
  picture += "\x1b[H";
  const std::string text =
      fmt::format("{}  {}\n{}", title_, FormatClock(view_->now()), view_->Text());
  for (const char c : text) picture += c == '\n' ? std::string("\x1b[K\n") : std::string(1, c);
  options_.print(picture + "\x1b[J");
}

void ByHand::Close() {
  if (draws_ && shown_ > 0) options_.print(kFirstScreen);
  draws_ = false;
  if (door_ >= 0) close(door_);
  door_ = -1;
  if (visitor_ <= 0) return;
  while (waitpid(visitor_, nullptr, 0) < 0 && errno == EINTR) {
  }
  visitor_ = 0;
}

}  // namespace tidegate::rehearsal
