// The command line: one file a subcommand. What the commands share.
#pragma once

#include "app/cli/terminal.h"

#include "core/base/exit_status.h"
#include "core/base/job.h"
#include "core/base/result.h"
#include "core/graph/dump.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace hopscope::cli {

// What main runs once the words are parsed; set by the callback of the chosen subcommand.
using Action = std::function<int()>;

void add_graphs(CLI::App& app, Action& action);
void add_graph(CLI::App& app, Action& action);
void add_regions(CLI::App& app, Action& action);
void add_export(CLI::App& app, Action& action);
void add_import(CLI::App& app, Action& action);
void add_note(CLI::App& app, Action& action);
void add_notes(CLI::App& app, Action& action);
void add_check(CLI::App& app, Action& action);
void add_search(CLI::App& app, Action& action);
void add_run(CLI::App& app, Action& action);
void add_compare(CLI::App& app, Action& action);
void add_step(CLI::App& app, Action& action);
void add_timing(CLI::App& app, Action& action);
void add_joint(CLI::App& app, Action& action);
void add_prove(CLI::App& app, Action& action);
void add_schema(CLI::App& app, Action& action);
void add_executors(CLI::App& app, Action& action);
void add_runs(CLI::App& app, Action& action);
void add_diff(CLI::App& app, Action& action);
void add_classes(CLI::App& app, Action& action);
void add_halves(CLI::App& app, Action& action);
void add_repeats(CLI::App& app, Action& action);
void add_explain(CLI::App& app, Action& action);
void add_info(CLI::App& app, Action& action);
void add_memory(CLI::App& app, Action& action);

// Of an option's number: "expected a whole number from 1 on". (CLI11's own tell the range as 309 digits.)
CLI::Validator whole_from(uint64_t least);

// Prints an error to standard error ("hopscope: …; give one with --bind s77=8") and gives the exit status
// that goes with it.
int fail(const Error& error);
// The same for what the executor reports: status 4 unless it was cancelled.
int executor_failed(const Error& error);
// Values are written as safetensors, whatever a file's name says. Error: Usage where it says something else.
// Names without an ending, pipes and devices are as good.
Status names_safetensors(const std::string& path);
// Opens dumps and sessions with progress on a terminal; Ctrl+C cancels. Problems go to standard error,
// counted.
Result<Dump> open(const std::vector<std::string>& paths, bool verify_md5 = false);
// Graphs of a TORCH_TRACE log are checked against their sums beside the command's work. Waits for that and
// adds what was found to the dump's problems: for commands that print them.
void finish_check(Dump& dump);
// The same at the end of every command.
void finish_checks();
// "what to export is not said, expected --at and one of …": where an address is missing, those that there
// are.
Error address_wanted(const std::string& what, const Dump& dump);
// The address of the only body of a dump, which then needs no --at; says on standard error that it was taken.
// Empty where there are none or several.
std::string only_body(const Dump& dump);
// A name or path in one line: a newline in it is shown as text too.
std::string one_line(std::string text);
// Starts hopscope-desktop, which lies beside this program, with these words in place of this process. Returns
// only if that fails.
int start_desktop(const std::vector<std::string>& words);
// What was printed reached standard output, or CannotWrite.
Status flush_output();
// Prints a document and a newline to standard output.
void print_json(const nlohmann::ordered_json& document);
// Compares and prints the ledgers of two dumps (diff_ledgers.cpp).
int diff_ledgers(const Dump& a, const Dump& b, bool json);
// Adds the positional DUMP… argument.
void add_dumps(CLI::App& command, std::vector<std::string>& paths);

} // namespace hopscope::cli
