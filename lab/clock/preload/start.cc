// Where a program's stack begins. Without randomised addresses it would depend on the size of the
// environment, and be the same for all that run at one time. But coreutils' mktemp makes its first
// name from an address on the stack and the clock alone (gnulib tempname.c random_bits): four of
// them in parallel would race for one name. So the stack begins where the lineage says.
#include <alloca.h>

#include "lab/clock/preload/state.h"

using namespace tidegate::lab;  // NOLINT: this file defines libc's names

namespace {

using Main = int (*)(int, char**, char**);
Main g_main = nullptr;

int RunMain(int argc, char** argv, char** environment) {
  if (ThePage() == nullptr) return g_main(argc, argv, environment);
  constexpr std::uintptr_t kRoom = 128 << 10;  // of arguments and environment, mostly
  constexpr std::uintptr_t kPlaces = 4096;
  constexpr std::uintptr_t kAlignment = 16;
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  const std::uintptr_t place = here / kRoom * kRoom - t_self.lineage % kPlaces * kAlignment;
  void* kept = alloca(here - place);
  // The room is kept until main has returned.
  __asm__ volatile("" : : "r"(kept) : "memory");
  const int result = g_main(argc, argv, environment);
  __asm__ volatile("" : : "r"(kept) : "memory");
  return result;
}

}  // namespace

extern "C" int __libc_start_main(Main main, int argc, char** argv, void (*begin)(), void (*end)(),
                                 void (*loader_end)(), void* stack_end);

TIDEGATE_EXPORT int __libc_start_main(Main main, int argc, char** argv, void (*begin)(),
                                      void (*end)(), void (*loader_end)(), void* stack_end) {
  g_main = main;
  return TIDEGATE_REAL(__libc_start_main)(RunMain, argc, argv, begin, end, loader_end, stack_end);
}
