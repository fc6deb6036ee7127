// Traces for the tests of this folder: one event of each kind, each listed slot set.
#pragma once

#include <string>

#include "trace/bytes.h"
#include "trace/event_spec.h"
#include "trace/reader.h"
#include "trace/recorder.h"

namespace tidegate::trace {

Header SampleHeader();

/// Every kind once, in order, with every listed slot set to a value that is not its default.
Trace EveryKind();

/// Three events and two texts.
Trace SmallTrace();

enum class Form { kJsonl, kBinary };
inline constexpr Form kForms[] = {Form::kJsonl, Form::kBinary};

std::string Write(const Trace& trace, Form form);
/// Reads `bytes` as a file named "trace".
Result<Trace> Read(const std::string& bytes, Form form);

/// The error of `read`, or nothing.
std::string Why(const Result<Trace>& read);

/// The same events with text ids followed to their texts.
bool SameMeaning(const Trace& left, const Trace& right);

}  // namespace tidegate::trace
