# How every target of the project is built: one function per kind of target.

option(TIDEGATE_SANITIZE "AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(TIDEGATE_FUZZ "build the fuzzers (needs clang)" OFF)

find_package(Boost 1.81 REQUIRED)
find_package(fmt REQUIRED)
find_package(Threads REQUIRED)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(tidegate_flags INTERFACE)
target_include_directories(tidegate_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(tidegate_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                                                -Werror)
if(TIDEGATE_SANITIZE)
  target_compile_options(tidegate_flags INTERFACE -fsanitize=address,undefined
                                                  -fno-sanitize-recover=all
                                                  -fno-omit-frame-pointer)
  target_link_options(tidegate_flags INTERFACE -fsanitize=address,undefined)
endif()

# tidegate_room(NAME SOURCES… DEPENDS rooms… LINKS libraries…): the library of one room.
function(tidegate_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;DEPENDS;LINKS" ${ARGN})
  add_library(tg_${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(tg_${name} PUBLIC tidegate_flags fmt::fmt ${ROOM_DEPENDS}
                                   PRIVATE ${ROOM_LINKS})
endfunction()
