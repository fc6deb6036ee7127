// A program that no preload gets into: linked statically. It takes a nap of three seconds.
#include <unistd.h>

int main() { return static_cast<int>(sleep(3)); }
