// Opening what a person names or pastes: dumps, or one session.
#pragma once

#include "core/base/job.h"
#include "core/browse/document.h"
#include "core/session/session.h"

#include <memory>
#include <string>
#include <vector>

namespace hopscope {

struct Opened {
    std::shared_ptr<const Document> document;
    std::unique_ptr<Session> session; // open for writing where it can be; null where dumps were opened
};

// Files and folders as evidence about one run, or one session. What was read before a cancel is complete as
// far as it goes (Dump::cancelled) and given if there is any graph in it. Errors: those of reading;
// Cancelled.
Result<Opened> open_document(const std::vector<std::string>& paths, const Job& job = {});

// A text that is no file: what was pasted. `name` is the dump's, and stands where a path would. Errors as
// above; a text that holds nothing says which forms it is nearest to.
Result<Opened> open_pasted(std::string name, std::string bytes, const Job& job = {});

// The same reading once its payloads were checked (core/read/payloads.h): with the problems that were found,
// and nothing left to check.
std::shared_ptr<const Document> with_payload_problems(
    const Document& document, const std::vector<Problem>& found);

} // namespace hopscope
