// The options of the mysql client (mysql(1)), as far as they change what the lab's does.
#pragma once

#include <string>
#include <vector>

namespace tidegate::lab {

struct MysqlOptions {
  std::string host = "127.0.0.1";
  std::string port = "3306";
  std::string schema;
  std::string statements;
  bool executes = false;  ///< -e was there: standard input is not read
  bool raw = false;
  bool names = true;
  bool forces = false;
  bool vertical = false;
};

/// `argv` is without argv[0]. Unknown options change nothing.
MysqlOptions ReadMysqlOptions(const std::vector<std::string>& argv);

/// What `text`, an option file, says of host, port and database, as long options: the groups
/// [client] and [mysql].
std::vector<std::string> OptionsOfFile(const std::string& text);

}  // namespace tidegate::lab
