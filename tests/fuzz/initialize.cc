// A failed CHECK of ours must abort, so that libFuzzer keeps the input that did it.
#include "base/check.h"

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/);

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  tidegate::ThreadCheckContext().aborts = true;
  return 0;
}
