// What is found out before a run: what a command starts, and whether a preload gets into it.
#include <elf.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstring>

#include "base/files.h"
#include "lab/doctor/machine.h"
#include "lab/doctor/machine_reads.h"
#include "lab/doctor/programs_of.h"
#include "lab/doctor/shell_words.h"
#include "rehearsal/engine_choice.h"
#include "rehearsal/twice.h"
#include "tests/lab/lab_run.h"
#include "tests/support/temp_dir.h"
#include "tests/support/why.h"

namespace tidegate::test {
namespace {

using lab::Reach;

std::string Words(std::string_view text) {
  std::string words;
  for (const lab::Invoked& one : lab::InvokedBy(text)) {
    words += fmt::format("{}{}:{} ", one.script ? "<" : "", one.word, one.line);
  }
  return words;
}

std::string Executable(const TempDir& folder, const std::string& name, const std::string& bytes) {
  const std::string path = folder / name;
  BOOST_REQUIRE(WriteFileAtomically(path, bytes).has_value());
  BOOST_REQUIRE(chmod(path.c_str(), 0755) == 0);
  return path;
}

Reach ReachOf(const std::string& path) {
  const Result<Reach> reach = lab::ReachOf(path);
  BOOST_REQUIRE_MESSAGE(reach.has_value(), Why(reach));
  return *reach;
}

std::string Bytes(const auto& structure) {
  std::string bytes(sizeof structure, '\0');
  std::memcpy(bytes.data(), &structure, sizeof structure);
  return bytes;
}

// A binary of this machine with one segment.
std::string Binary(std::uint32_t type, const std::string& content) {
  std::string own = *ReadFile("/bin/sh");
  Elf64_Ehdr header;
  std::memcpy(&header, own.data(), sizeof header);
  header.e_phoff = sizeof header;
  header.e_phnum = 1;
  Elf64_Phdr segment{};
  segment.p_type = type;
  segment.p_offset = sizeof header + sizeof segment;
  segment.p_filesz = content.size();
  return Bytes(header) + Bytes(segment) + content;
}

std::string Note(const std::string& name) {
  Elf64_Nhdr note{};
  note.n_namesz = static_cast<Elf64_Word>(name.size());
  note.n_descsz = 4;
  note.n_type = 4;
  std::string text = Bytes(note) + name;
  text.resize((text.size() + 3) / 4 * 4);
  return text + "test";
}

BOOST_AUTO_TEST_SUITE(doctor)

BOOST_AUTO_TEST_CASE(the_first_words_of_commands_are_what_a_script_starts) {
  BOOST_TEST(Words("curl -s x | jq .a && date; sleep 3 & wait") ==
             "curl:1 jq:1 date:1 sleep:1 wait:1 ");
  BOOST_TEST(Words("if ! A=1 B='2 3' tool; then\n  while other; do third; done\nfi") ==
             "tool:1 other:2 third:2 ");
  BOOST_TEST(Words("timeout -k 5 10s exec tool x\nnohup nice -n 5 other") ==
             "timeout:1 exec:1 tool:1 nohup:2 nice:2 other:2 ");
  BOOST_TEST(Words("x=\"$(date +%s; jq '.b | c')\" echo `uname -a` more") ==
             "date:1 jq:1 echo:1 uname:1 ");
}

BOOST_AUTO_TEST_CASE(what_is_data_is_no_command) {
  BOOST_TEST(Words("# rm x\necho 'a; b' \"c | d\" \\; e >f 2>&1 <g") == "echo:2 ");
  BOOST_TEST(Words("cat <<EOF\nls; rm $(x)\nEOF\nnext") == "cat:1 next:4 ");
  BOOST_TEST(Words("say() { printf x; }\nfunction die { exit 1; }\nsay a; die b; do_it c") ==
             "printf:1 exit:2 do_it:3 ");
  BOOST_TEST(Words("case $1 in\n  start) go_on ;;\nesac\nlist=(a b)\nif ((x < y)); then t; fi") ==
             "go_on:2 t:5 ");
  BOOST_TEST(Words("for i in a b; do run $i; done") == "run:1 ");
}

BOOST_AUTO_TEST_CASE(variables_scripts_and_texts_of_shells_are_followed) {
  BOOST_TEST(Words("bin=/opt/x\n$bin/tool; \"${bin}/other\"; $unknown/third; ${bin%x}/y") ==
             "/opt/x/tool:2 /opt/x/other:2 ");
  BOOST_TEST(Words("bash -ec 'one | two'\nsh book.sh arg\n. lib.sh; eval 'three 4'") ==
             "bash:1 one:1 two:1 sh:2 <book.sh:2 .:3 <lib.sh:3 eval:3 three:3 ");
}

BOOST_AUTO_TEST_CASE(any_bytes_are_read_to_their_end) {
  for (const char* const piece :
       {"$(", "`", "\"", "${", "((", "<<", "'", "sh -c '", "\\", "a=(", ")"}) {
    std::string text;
    for (int i = 0; i < 5000; ++i) text += piece;
    BOOST_TEST(lab::InvokedBy(text).size() <= 5000U, piece);
  }
}

BOOST_AUTO_TEST_CASE(a_binary_says_whether_a_preload_gets_into_it) {
  const TempDir folder;
  BOOST_TEST((ReachOf("/bin/sh") == Reach::kReached));
  BOOST_TEST((ReachOf(TIDEGATE_STATIC_NAP) == Reach::kStatic));
  const std::string go = Executable(folder, "go", Binary(PT_NOTE, Note({"Go\0\0", 4})));
  BOOST_TEST((ReachOf(go) == Reach::kGo));
  const std::string other = Executable(folder, "other", Binary(PT_NOTE, Note({"GNU\0", 4})));
  BOOST_TEST((ReachOf(other) == Reach::kStatic));
  const std::string musl =
      Executable(folder, "musl", Binary(PT_INTERP, "/lib/ld-musl-x86_64.so.1"));
  BOOST_TEST((ReachOf(musl) == Reach::kForeign));
  std::string bytes = Binary(PT_NOTE, Note({"GNU\0", 4}));
  bytes[EI_CLASS] = ELFCLASS32;
  BOOST_TEST((ReachOf(Executable(folder, "small", bytes)) == Reach::kForeign));
  BOOST_TEST((ReachOf(Executable(folder, "cut", bytes.substr(0, 20))) == Reach::kForeign));
  BOOST_TEST((ReachOf(Executable(folder, "text", "echo hello\n")) == Reach::kScript));
}

BOOST_AUTO_TEST_CASE(the_user_that_a_program_changes_to_matters_not_the_bit) {
  if (geteuid() != 0) return;  // nobody else can give files away
  const TempDir folder;
  const std::string path = Executable(folder, "shell", *ReadFile("/bin/sh"));
  BOOST_REQUIRE(chmod(path.c_str(), 04755) == 0);
  BOOST_TEST((ReachOf(path) == Reach::kReached));
  BOOST_REQUIRE(chown(path.c_str(), 1, 0) == 0);
  BOOST_REQUIRE(chmod(path.c_str(), 04755) == 0);
  BOOST_TEST((ReachOf(path) == Reach::kSetUserId));
}

BOOST_AUTO_TEST_CASE(programs_are_found_through_scripts_with_the_place_that_names_them) {
  const TempDir folder;
  Executable(folder, "inner.sh",
             fmt::format("#!/usr/bin/env -S sh -eu\n\n{}\n", TIDEGATE_STATIC_NAP));
  const std::string outer = Executable(folder, "outer.sh", "#!/bin/sh\nssh host x\n./inner.sh\n");
  const Result<rehearsal::ClockFit> fit = rehearsal::FitOf(outer);
  BOOST_REQUIRE_MESSAGE(fit.has_value(), Why(fit));
  BOOST_REQUIRE(fit->unreached.size() == 1U);
  BOOST_TEST(fit->unreached[0].path == TIDEGATE_STATIC_NAP);
  BOOST_TEST(fit->unreached[0].where.ends_with("inner.sh:3"));
  BOOST_TEST(!fit->named);
  const auto ssh = std::find_if(fit->programs.begin(), fit->programs.end(),
                                [](const auto& one) { return one.path.ends_with("/ssh"); });
  BOOST_TEST((ssh == fit->programs.end()), "the lab has its own");
  const auto warnings = rehearsal::CheckClock(outer, "lockstep");
  BOOST_REQUIRE_MESSAGE(warnings.has_value(), Why(warnings));
  BOOST_TEST(warnings->size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_the_command_itself_names_must_be_in_reach) {
  const std::string command = std::string("cd /; exec ") + TIDEGATE_STATIC_NAP;
  const auto refused = rehearsal::CheckClock(command, "lockstep");
  BOOST_REQUIRE(!refused.has_value());
  BOOST_TEST((refused.error().code == ErrorCode::kBadInput));
  BOOST_TEST(refused.error().message.find("--clock real") != std::string::npos);
  BOOST_TEST(rehearsal::CheckClock(command, "real").has_value());
  BOOST_TEST(rehearsal::FitOf(command)->clock() == "real");
  BOOST_TEST(rehearsal::FitOf("sleep 3")->clock() == "lockstep");
  BOOST_TEST((rehearsal::FitOf("/nowhere/upgrade.sh").error().code == ErrorCode::kNotFound));
}

// And then it does run: three seconds of the machine's are three of the world's.
BOOST_AUTO_TEST_CASE(the_clock_that_it_names_fits) {
  if (!LabWorksHere()) return;
  const rehearsal::RunResult result = Run({.scenario = "kafka-to-cluster/small.json",
                                           .command = std::string("exec ") + TIDEGATE_STATIC_NAP,
                                           .clock = "real"});
  const auto last = std::find_if(result.steps.begin(), result.steps.end(), [](const auto& line) {
    return line.step == "engine" && line.what == "done";
  });
  BOOST_REQUIRE((last != result.steps.end()));
  BOOST_TEST(last->text == "exit status 0");
}

rehearsal::Twice RunTwice(const std::string& command) {
  const sim::Scenario scenario = LoadScenario("kafka-to-cluster/small.json");
  const Result<rehearsal::Prepared> prepared = rehearsal::Prepare(scenario, 1);
  BOOST_REQUIRE_MESSAGE(prepared.has_value(), Why(prepared));
  const Result<rehearsal::ClockFit> fit = rehearsal::FitOf(command);
  BOOST_REQUIRE_MESSAGE(fit.has_value(), Why(fit));
  rehearsal::RunOptions options;
  options.engine.command = command;
  Result<rehearsal::Twice> twice = rehearsal::RunTwice(*prepared, options, *fit);
  BOOST_REQUIRE_MESSAGE(twice.has_value(), Why(twice));
  return *std::move(twice);
}

BOOST_AUTO_TEST_CASE(what_lockstep_reaches_is_the_same_twice) {
  if (!LabWorksHere()) return;
  const rehearsal::Twice twice = RunTwice(
      "for i in 1 2 3; do curl -s http://10.0.4.1:8249/$RANDOM.$i.$(date +%N) & done; wait\n"
      "mktemp -u; sleep 1; echo $TIDEGATE_INVENTORY; exit 6");
  BOOST_TEST(!twice.event.has_value());
  BOOST_TEST(!twice.printed.has_value());
  BOOST_TEST(twice.event_count > 100U);
  BOOST_TEST(TwiceText(twice).find("ok  both runs are the same: ") != std::string::npos);
}

// The kernel's own random numbers, by a script; and the machine's clock, which is printed only.
BOOST_AUTO_TEST_CASE(the_first_difference_is_named_with_what_it_may_come_of) {
  if (!LabWorksHere()) return;
  const TempDir folder;
  const std::string script =
      Executable(folder, "upgrade.sh",
                 "#!/bin/sh\n# no /proc/uptime here\nid=$(cat /proc/sys/kernel/random/uuid)\n"
                 "sleep 1\ncurl -s http://10.0.4.1:8249/$id\nexit 6\n");
  const rehearsal::Twice twice = RunTwice(script);
  BOOST_REQUIRE(twice.event.has_value());
  const std::string& first = twice.event->first;
  BOOST_TEST(first.find("engine asked") != std::string::npos, first);
  BOOST_TEST(first.find("10.0.4.1:8249/") != std::string::npos, first);
  BOOST_TEST(first != twice.event->second);
  BOOST_REQUIRE(twice.causes.size() == 1U);
  BOOST_TEST(twice.causes[0] ==
             script + ":3: /proc/sys/kernel/random: random numbers of the kernel's");
  const rehearsal::Twice printed = RunTwice("echo a; cut -d' ' -f1 /proc/uptime; echo b; exit 6");
  BOOST_TEST(!printed.event.has_value());
  BOOST_REQUIRE(printed.printed.has_value());
  BOOST_TEST(printed.printed->at == 2U);
  BOOST_REQUIRE(printed.causes.size() == 1U);
  BOOST_TEST(printed.causes[0] == "the command: /proc/uptime: the machine's own clock");
}

BOOST_AUTO_TEST_CASE(what_a_text_reads_of_the_machine) {
  const auto reads = [](std::string_view text) {
    std::string out;
    for (const lab::MachineRead& read : lab::MachineReadsIn(text)) {
      out += fmt::format("{}:{} ", read.what, read.line);
    }
    return out;
  };
  BOOST_TEST(reads("cat /proc/stat\n  # ps\nx=$(ps ax); ls -la /; ps") ==
             "/proc/stat:1 ls -l:3 ps:3 ");
  BOOST_TEST(reads("cat /proc/status steps.txt; ./stat.sh; status; tar -df; my-df") == "");
  BOOST_TEST(reads("read u </proc/sys/kernel/random/uuid\nhead -c 8 /dev/hwrng | df") ==
             "/proc/sys/kernel/random:1 /dev/hwrng:2 df:2 ");
}

BOOST_AUTO_TEST_CASE(two_traces_part_where_one_goes_on) {
  const Rehearsed run = Rehearse(LoadScenario("kafka-to-cluster/small.json"));
  const trace::Trace& whole = run.result.trace;
  BOOST_TEST(!rehearsal::FirstDifference(whole, whole).has_value());
  const Rehearsed other = Rehearse(LoadScenario("kafka-to-cluster/small.json"), {.seed = 2});
  BOOST_TEST(rehearsal::FirstDifference(whole, other.result.trace).has_value());
  const auto line = rehearsal::FirstDifference(std::string("a\nb"), std::string("a\nb\nc"));
  BOOST_REQUIRE(line.has_value());
  BOOST_TEST(line->at == 2U);
  BOOST_TEST(!rehearsal::FirstDifference(std::string("/tmp/tidegate-lab-abcdef/x"),
                                         std::string("/tmp/tidegate-lab-ghijkl/x"))
                  .has_value());
}

BOOST_AUTO_TEST_CASE(the_machine_is_judged_as_a_run_finds_it) {
  bool fits = true;
  for (const lab::MachineLine& line : lab::LookAtMachine()) {
    BOOST_TEST(line.ok == line.advice.empty(), line.what);
    const bool needed = line.need == lab::Need::kLab || line.need == lab::Need::kLockstep;
    fits = fits && (line.ok || !needed);
  }
  BOOST_TEST(fits == LabWorksHere());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidegate::test
