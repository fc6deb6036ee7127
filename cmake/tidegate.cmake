# How every target of the project is built: one function per kind of target.

option(TIDEGATE_SANITIZE "AddressSanitizer, UndefinedBehaviorSanitizer, fuzzers (needs clang)" OFF)
# Half of a build would be reading the same standard headers again.
option(TIDEGATE_PRECOMPILE "precompile the headers that most files include" ON)

find_package(Boost 1.81 REQUIRED)
find_package(fmt REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Threads REQUIRED)

find_program(CCACHE ccache)
if(CCACHE)
  # What ccache asks for before it caches compilations that use a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

add_library(tidegate_flags INTERFACE)
target_include_directories(tidegate_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(tidegate_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                                                -Werror)
if(TIDEGATE_PRECOMPILE)
  target_compile_options(tidegate_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
endif()
if(TIDEGATE_SANITIZE)
  # RapidJSON adds offsets to null pointers in empty stacks, which clang counts as overflow.
  target_compile_options(
    tidegate_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all -fno-sanitize=pointer-overflow
                             -fno-omit-frame-pointer)
  target_link_options(tidegate_flags INTERFACE -fsanitize=address,undefined)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_link_options(tidegate_flags INTERFACE -fuse-ld=lld) # a fifth of binutils' time
  endif()
endif()

set(TIDEGATE_COMMON_HEADERS <algorithm> <array> <boost/unordered/unordered_flat_map.hpp> <cstdint>
                            <fmt/format.h> <functional> <map> <memory> <optional> <set> <string>
                            <string_view> <utility> <variant> <vector>)

# tidegate_precompiled(TARGET FROM HEADERS…): TARGET uses the precompiled headers of FROM, or is FROM
# and makes them. All that share them must be compiled with the same options.
function(tidegate_precompiled target from)
  if(TIDEGATE_SANITIZE AND (from STREQUAL "tg_base" OR from STREQUAL "tg_port"))
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)  # what the fuzzers explore
  endif()
  if(NOT TIDEGATE_PRECOMPILE)
    return()
  elseif(target STREQUAL from)
    target_precompile_headers(${target} PRIVATE ${ARGN})
  else()
    target_precompile_headers(${target} REUSE_FROM ${from})
  endif()
endfunction()

# tidegate_room(NAME [HOT] SOURCES… DEPENDS rooms… LINKS libraries…): the library of one room. HOT:
# its code runs for each event. All other is not worth optimising under the sanitizers, where that
# takes most of a compilation.
function(tidegate_room name)
  cmake_parse_arguments(ROOM "HOT" "" "SOURCES;DEPENDS;LINKS" ${ARGN})
  add_library(tg_${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(tg_${name} PUBLIC tidegate_flags fmt::fmt ${ROOM_DEPENDS}
                                   PRIVATE ${ROOM_LINKS})
  set(headers_of tg_base)
  if(TIDEGATE_SANITIZE AND NOT ROOM_HOT)
    set(headers_of tg_port)
    target_compile_options(tg_${name} PRIVATE -O0)
  endif()
  tidegate_precompiled(tg_${name} ${headers_of} ${TIDEGATE_COMMON_HEADERS})
endfunction()

# tidegate_command_line(TARGET): a program whose own sources read its command line. They are half
# CLI11, which all of them share precompiled, and run once, so that sanitizers need no optimised code.
function(tidegate_command_line target)
  if(TIDEGATE_SANITIZE)
    target_compile_options(${target} PRIVATE -O0)
  endif()
  tidegate_precompiled(${target} binlog-upgrade ${TIDEGATE_COMMON_HEADERS} <CLI/CLI.hpp>)
endfunction()
