// The command line of tidegate: one file a subcommand. Only these files print.
#pragma once

#include <CLI/CLI.hpp>

#include "base/exit_code.h"
#include "base/result.h"

namespace tidegate::rehearsal {

/// Each adds its subcommand to `app`; when it is chosen, its callback sets `exit_code`.
void AddRehearse(CLI::App* app, ExitCode* exit_code);
void AddLab(CLI::App* app, ExitCode* exit_code);
void AddVerify(CLI::App* app, ExitCode* exit_code);
void AddExplain(CLI::App* app, ExitCode* exit_code);
void AddReplay(CLI::App* app, ExitCode* exit_code);
void AddPlan(CLI::App* app, ExitCode* exit_code);
void AddScenario(CLI::App* app, ExitCode* exit_code);
void AddIncident(CLI::App* app, ExitCode* exit_code);
void AddImport(CLI::App* app, ExitCode* exit_code);
void AddReproduce(CLI::App* app, ExitCode* exit_code);
void AddWatch(CLI::App* app, ExitCode* exit_code);
void AddDoctor(CLI::App* app, ExitCode* exit_code);

/// Prints an error to standard error; the exit code that it stands for.
ExitCode PrintError(const Error& error);

}  // namespace tidegate::rehearsal
