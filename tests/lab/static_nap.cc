// A program that no preload gets into: linked statically. It takes a nap of three seconds.
#include <poll.h>

int main() { return poll(nullptr, 0, 3000); }
