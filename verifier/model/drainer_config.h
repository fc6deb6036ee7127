// What of a Drainer's configuration decides which rows reach the sink, and where it resumes. Read
// from the TOML of either era; order, case and repetition in lists do not count.
// Source: tidb-binlog cmd/drainer/drainer.toml and drainer/config.go of branches kafka and master.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tidegate::verifier {

struct DrainerConfig {
  bool readable = false;
  std::string sink_type;                    ///< "mysql", "tidb", "file" ("pb" is its old name), …
  std::vector<std::string> ignore_schemas;  ///< lists: lower case, sorted, each once
  std::vector<std::string> do_dbs;
  std::vector<std::string> do_tables;      ///< "schema.table"
  std::vector<std::string> ignore_tables;  ///< "schema.table"; cluster era only
  std::vector<std::string> mapping;        ///< schema and table mapping: "key=value"
  std::string checkpoint_schema;
  std::string kafka_max_messages;  ///< of type kafka; "" where it is the default
  std::string kafka_max_message_size;
};

DrainerConfig ReadDrainerConfig(std::string_view toml);

struct ConfigDifference {
  std::string_view what;  ///< "ignore-schemas"
  std::string before;
  std::string after;
  bool loses_rows =
      true;  ///< rows, or the place to resume from, get lost; else limits that may bite
};

/// In the order of the members of DrainerConfig. REQUIRES: both are readable.
std::vector<ConfigDifference> Differences(const DrainerConfig& before, const DrainerConfig& after);

}  // namespace tidegate::verifier
