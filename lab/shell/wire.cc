#include "lab/shell/wire.h"

#include "base/json.h"

namespace tidegate::lab {

std::string WriteRequest(const Request& request) {
  JsonWriter writer;
  writer.BeginObject();
  writer.Key("program").String(request.program);
  writer.Key("host").String(request.host);
  writer.Key("argv").BeginArray();
  for (const std::string& word : request.argv) writer.String(word);
  writer.EndArray();
  writer.Key("path").String(request.path);
  writer.Key("input").String(request.input);
  writer.EndObject();
  return writer.Take();
}

Result<Request> ReadRequest(std::string_view line) {
  TRY_ASSIGN(const JsonDocument document, JsonDocument::Parse(std::string(line), "(request)"));
  Request request;
  JsonObjectReader reader(document, document.root(), "a request");
  reader.Require("program");
  reader.String("program", &request.program);
  reader.String("host", &request.host);
  reader.Strings("argv", &request.argv);
  reader.String("path", &request.path);
  reader.String("input", &request.input);
  TRY(reader.Finish());
  return request;
}

std::string WriteReply(const Reply& reply) {
  JsonWriter writer;
  writer.BeginObject();
  writer.Key("exit").Int(reply.exit);
  writer.Key("stdout").String(reply.output);
  writer.Key("stderr").String(reply.errors);
  writer.EndObject();
  return writer.Take();
}

Result<Reply> ReadReply(std::string_view line) {
  TRY_ASSIGN(const JsonDocument document, JsonDocument::Parse(std::string(line), "(reply)"));
  Reply reply;
  std::int64_t status = 0;
  JsonObjectReader reader(document, document.root(), "a reply");
  reader.Int("exit", 0, 255, &status);
  reader.String("stdout", &reply.output);
  reader.String("stderr", &reply.errors);
  TRY(reader.Finish());
  reply.exit = static_cast<int>(status);
  return reply;
}

}  // namespace tidegate::lab
