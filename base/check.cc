#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace tidegate {

CheckContext& ThreadCheckContext() {
  thread_local CheckContext context;
  return context;
}

void CheckFailed(const char* condition, const char* file, int line, const std::string& message) {
  const CheckContext& context = ThreadCheckContext();
  std::fprintf(stderr, "tidegate: this is a bug of ours: CHECK(%s) failed at %s:%d", condition,
               file, line);
  if (!message.empty()) std::fprintf(stderr, ": %s", message.c_str());
  if (context.active) {
    std::fprintf(stderr, " (seed %llu, virtual time %lld ns, event %llu)",
                 static_cast<unsigned long long>(context.seed),
                 static_cast<long long>(context.now_ns),
                 static_cast<unsigned long long>(context.event));
  }
  std::fprintf(stderr, "\n");
  std::fflush(stderr);
  if (context.aborts) std::abort();
  std::_Exit(70);
}

}  // namespace tidegate
