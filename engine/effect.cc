#include <fmt/format.h>

#include "engine/look.h"
#include "engine/status_body.h"

namespace tidegate::engine {
namespace {

using port::Answer;

struct EffectQueries {
  const LookContext& context;
  std::vector<port::Query>* out;

  void operator()(const port::StopProcess& a) const {
    out->push_back(port::ShowUnit{a.host, a.unit});
  }
  void operator()(const port::StartProcess& a) const {
    out->push_back(port::ShowUnit{a.host, a.unit});
  }
  void operator()(const port::SetUnitEnabled& a) const {
    out->push_back(port::ShowUnit{a.host, a.unit});
  }
  void operator()(const port::InstallBinary& a) const {
    out->push_back(port::BinaryVersion{a.host, a.path});
  }
  void operator()(const port::WriteFile& a) const {
    out->push_back(port::ReadRemoteFile{a.host, a.path});
    if (context.source != nullptr) out->push_back(*context.source);
  }
  void operator()(const port::CopyBinary& a) const {
    out->push_back(port::BinaryVersion{a.host, a.from});
    out->push_back(port::BinaryVersion{a.host, a.to});
  }
  // Nothing of these can be seen from outside: no query.
  void operator()(const port::RunSql&) const {}
  void operator()(const port::RunHook&) const {}
  void operator()(const port::KeepBackup&) const {}
  void operator()(const port::RunPlaybook&) const {}
};

struct EffectVerdict {
  const LookContext& context;
  const std::vector<Answer>& answers;

  Verdict Unit(std::string_view property, std::string_view wanted, bool negate) const {
    if (!answers[0].ok() && answers[0].code != port::AnswerCode::kNotFound) {
      return Unknown(1, AnswerText(answers[0]));
    }
    const std::string_view value = UnitProperty(answers[0].body, property);
    return (value == wanted) != negate ? Holds("")
                                       : Fails(1, fmt::format("{}={}", property, value));
  }
  Verdict operator()(const port::StopProcess&) const {
    const Verdict activating = Unit("ActiveState", "activating", true);
    if (activating.state != Verdict::State::kHolds) return activating;
    // It is being stopped: whether that ends must be waited for.
    const Verdict deactivating = Unit("ActiveState", "deactivating", true);
    if (deactivating.state != Verdict::State::kHolds) return Unknown(1, "it is stopping");
    return Unit("ActiveState", "active", true);
  }
  Verdict operator()(const port::StartProcess&) const {
    return Unit("ActiveState", "active", false);
  }
  Verdict operator()(const port::SetUnitEnabled& a) const {
    return Unit("UnitFileState", "enabled", !a.enabled);
  }
  Verdict operator()(const port::InstallBinary& a) const {
    if (answers[0].code == port::AnswerCode::kNotFound) return Fails(1, "no such binary");
    if (answers[0].code == port::AnswerCode::kFailed) return Fails(1, "the binary does not run");
    if (!answers[0].ok()) return Unknown(1, AnswerText(answers[0]));
    const std::string_view version = ReleaseVersion(answers[0].body);
    return version == a.version ? Holds("") : Fails(1, fmt::format("it is {}", version));
  }
  Verdict operator()(const port::WriteFile& a) const {
    if (answers[0].code == port::AnswerCode::kNotFound) return Fails(1, "no such file");
    if (!answers[0].ok()) return Unknown(1, AnswerText(answers[0]));
    if (context.source == nullptr) {
      return answers[0].body == a.content ? Holds("") : Fails(1, "the file differs");
    }
    if (!answers[1].ok()) return Unknown(2, AnswerText(answers[1]));
    return answers[0].body == ApplyEdit(context.edit, answers[1].body)
               ? Holds("")
               : Fails(1, "the file differs");
  }
  Verdict operator()(const port::CopyBinary&) const {
    const Answer& from = answers[0];
    const Answer& to = answers[1];
    // Where no copy was made nothing was replaced.
    if (from.code == port::AnswerCode::kNotFound) return Holds("");
    if (!from.ok()) return Unknown(1, AnswerText(from));
    if (to.code == port::AnswerCode::kNotFound) return Fails(2, "no such binary");
    if (to.code == port::AnswerCode::kFailed) return Fails(2, "the binary does not run");
    if (!to.ok()) return Unknown(2, AnswerText(to));
    const std::string_view wanted = ReleaseVersion(from.body);
    const std::string_view found = ReleaseVersion(to.body);
    return wanted == found ? Holds("") : Fails(3, fmt::format("it is {}", found));
  }
  Verdict operator()(const port::RunSql&) const { return Unknown(1, "its effect can't be seen"); }
  Verdict operator()(const port::RunHook&) const { return Unknown(1, "its effect can't be seen"); }
  // Keeping the same bytes under the same name again changes nothing.
  Verdict operator()(const port::KeepBackup&) const { return Fails(1, "kept again"); }
  Verdict operator()(const port::RunPlaybook&) const {
    return Unknown(1, "its effect can't be seen");
  }
};

}  // namespace

void AppendEffectQueries(const LookContext& context, std::vector<port::Query>* out) {
  CHECK(context.action != nullptr);
  std::visit(EffectQueries{context, out}, *context.action);
}

Verdict EvaluateEffect(const LookContext& context, const std::vector<Answer>& answers) {
  CHECK(context.action != nullptr);
  return std::visit(EffectVerdict{context, answers}, *context.action);
}

}  // namespace tidegate::engine
