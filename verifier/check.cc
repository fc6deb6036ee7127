#include "verifier/check.h"

namespace tidegate::verifier {

const std::string& Check::NameOf(NodeId node) const {
  static const std::string kNobody = "nobody";
  return node < context_.header.nodes.size() ? context_.header.nodes[node].name : kNobody;
}

}  // namespace tidegate::verifier
