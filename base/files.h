// Reading and replacing files. Writers never leave half a file behind.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tidegate {

/// The whole file. Errors: kNotFound, kIo, kLimit when larger than `bytes_max`.
Result<std::string> ReadFile(const std::string& path, std::size_t bytes_max = 1ULL << 32);

/// Replaces `path` atomically: writes a temporary file beside it, syncs, renames, syncs the folder.
/// On an error the old content is still there and nothing else is.
Status WriteFileAtomically(const std::string& path, std::string_view content);

/// The regular files below `path` (or `path` itself, when it is a file) whose names end with
/// `suffix`, sorted by path. Errors: kNotFound.
Result<std::vector<std::string>> ListFiles(const std::string& path, std::string_view suffix);

/// "FILE:LINE:COLUMN" of the byte at `offset` of `text`, the file's content; both count from 1.
std::string PlaceIn(std::string_view file, std::string_view text, std::size_t offset);

}  // namespace tidegate
