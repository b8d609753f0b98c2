#include "core/read/pt2.h"

#include "core/base/text.h"
#include "core/read/exported_program.h"
#include "core/read/json_values.h"

#include <algorithm>
#include <map>

namespace hopscope::read {

namespace {

using Members = std::vector<Archive::Member>;

constexpr std::string_view kOldProgram = "serialized_exported_program.json";

std::string_view last_part(std::string_view path) {
    const size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string_view folder_of(std::string_view path) {
    return path.substr(0, path.size() - last_part(path).size());
}

bool has_folder(std::string_view path, std::string_view folder) {
    return path.starts_with(folder) || path.find('/' + std::string(folder)) != std::string_view::npos;
}

bool is_program(std::string_view path) {
    return last_part(path) == kOldProgram
        || (path.ends_with(".json") && folder_of(path).ends_with("models/") && has_folder(path, "models/"));
}

// "model" of "<root>/models/model.json"; empty for the old layout, which holds one program.
std::string model_name(std::string_view path) {
    std::string_view name = last_part(path);
    if (name == kOldProgram)
        return "";
    name.remove_suffix(5);
    return std::string(name);
}

// Where the state of a program lies: by the name that the program's signature has for it.
struct Payload {
    std::string member;
    bool pickled = false;
    std::string entry; // of a pickled whole state
    std::string dtype;
    std::vector<int64_t> shape, stride;
    int64_t offset = 0;
};
using State = std::map<std::string, Payload, std::less<>>;

class Reader {
public:
    Reader(Collector& collector, FileId file, const Archive& archive, const UnfoldLimit& limit)
        : collector_(collector)
        , file_(file)
        , archive_(archive)
        , limit_(limit) { }

    void run();

private:
    void program(const Archive::Member& member, bool several);
    // Of one folder, "weights" or "constants"; `legacy` is the old layout's member.
    State state_of(const std::string& root, const std::string& model, const char* folder, const char* legacy);
    void add_config(State& state, const Archive::Member& member);
    std::vector<SavedTensor> saved_inputs(
        const ExportedProgram& program, const std::string& root, const std::string& model);
    void list_others();
    std::optional<FileBytes> bytes_of(const Archive::Member& member);
    void problem(Severity severity, std::string message) {
        collector_.problem(severity, std::move(message), file_, 0, 0);
    }

    Collector& collector_;
    FileId file_;
    const Archive& archive_;
    const UnfoldLimit& limit_;
};

std::optional<FileBytes> Reader::bytes_of(const Archive::Member& member) {
    auto bytes = archive_.read(member, limit_);
    if (!bytes) {
        problem(Severity::Warning, bytes.error().message);
        return std::nullopt;
    }
    if (!bytes->damage.empty())
        problem(Severity::Warning, bytes->damage);
    return std::move(*bytes);
}

void Reader::add_config(State& state, const Archive::Member& member) {
    const auto bytes = bytes_of(member);
    simdjson::dom::parser parser;
    Json document;
    if (!bytes || parser.parse(bytes->bytes.data(), bytes->bytes.size()).get(document) != simdjson::SUCCESS) {
        if (bytes)
            problem(Severity::Warning,
                "the JSON of " + utf8(member.name) + " cannot be read; its tensors are left out");
        return;
    }
    const auto numbers = [](std::optional<Json> list) {
        std::vector<int64_t> out;
        for (const Json& item : items(list))
            out.push_back(integer(variant(item).value).value_or(-1));
        return out;
    };
    for (const auto& [name, entry] : fields(field(document, "config"))) {
        const auto path = text(field(entry, "path_name"));
        const auto meta = field(entry, "tensor_meta");
        if (!path)
            continue;
        Payload p;
        p.member = std::string(folder_of(member.name)) + std::string(*path);
        p.pickled = boolean(field(entry, "use_pickle")).value_or(false);
        p.dtype = std::string(exported_dtype(integer(field(meta, "dtype")).value_or(0)));
        p.shape = numbers(field(meta, "sizes"));
        p.stride = numbers(field(meta, "strides"));
        p.offset = integer(variant(field(meta, "storage_offset")).value).value_or(0);
        state.insert_or_assign(std::string(name), std::move(p));
    }
}

State Reader::state_of(
    const std::string& root, const std::string& model, const char* folder, const char* legacy) {
    State state;
    const std::string inside = root + "data/" + folder + '/';
    for (const Archive::Member& member : archive_.members()) {
        const std::string_view name = last_part(member.name);
        const bool here = folder_of(member.name) == inside;
        if (here && name.ends_with(".json") && name.find("config") != std::string_view::npos
            && name.starts_with(model))
            add_config(state, member);
        // The whole state in one file of torch.save: whatever it holds is looked up by name.
        if ((here && name == model + ".pt") || (model.empty() && member.name == root + legacy))
            state.insert_or_assign("", Payload{member.name, true, "", "", {}, {}, 0});
    }
    return state;
}

std::vector<SavedTensor> Reader::saved_inputs(
    const ExportedProgram& program, const std::string& root, const std::string& model) {
    using Kind = ExportedProgram::Input::Kind;
    const State weights = state_of(root, model, "weights", "serialized_state_dict.pt");
    const State constants = state_of(root, model, "constants", "serialized_constants.pt");
    const std::string sample =
        model.empty() ? root + "serialized_example_inputs.pt" : root + "data/sample_inputs/" + model + ".pt";
    const bool has_sample = archive_.find(sample) != nullptr;
    std::vector<SavedTensor> saved;
    size_t missing = 0;
    int user = 0;
    for (const ExportedProgram::Input& input : program.inputs) {
        SavedTensor tensor;
        tensor.name = input.name;
        tensor.path = collector_.dump.files[file_.index].path;
        if (input.kind == Kind::User) {
            tensor.member = sample;
            tensor.pickled = tensor.sample = true;
            tensor.place = user++;
            if (has_sample)
                saved.push_back(std::move(tensor));
            continue;
        }
        if (input.kind == Kind::Other)
            continue;
        const Payload* found = nullptr;
        for (const State* state : {&weights, &constants})
            if (const auto at = state->find(input.target); !found && at != state->end())
                found = &at->second;
        const State& whole = input.kind == Kind::Constant || !input.persistent ? constants : weights;
        if (const auto at = whole.find(""); !found && at != whole.end()) {
            found = &at->second;
            tensor.entry = input.target;
        }
        if (!found || !archive_.find(found->member)) {
            ++missing;
            continue;
        }
        tensor.member = found->member;
        tensor.pickled = found->pickled;
        tensor.dtype = found->dtype;
        tensor.shape = found->shape;
        tensor.stride = found->stride;
        tensor.offset = found->offset;
        saved.push_back(std::move(tensor));
    }
    if (missing)
        problem(Severity::Note,
            counted(missing, "parameter, buffer or constant") + " of the program "
                + (missing == 1 ? "is" : "are") + " not in the archive; a run makes "
                + (missing == 1 ? "it" : "them"));
    return saved;
}

void Reader::program(const Archive::Member& member, bool several) {
    const auto bytes = bytes_of(member);
    if (!bytes)
        return;
    auto program = exported_program(bytes->bytes);
    if (!program) {
        problem(Severity::Warning, utf8(member.name) + ": " + program.error().message);
        return;
    }
    for (const std::string& note : program->notes)
        problem(Severity::Warning, utf8(member.name) + ": " + note);
    if (collector_.dump.torch_version.empty())
        collector_.dump.torch_version = utf8(program->torch_version);
    const std::string model = model_name(member.name);
    std::string root(folder_of(member.name));
    if (!model.empty())
        root.resize(root.size() - std::string_view("models/").size());
    GraphTask task;
    task.key.id = "-";
    task.file = file_;
    task.stage = Stage::Export;
    task.label = several ? model : "";
    task.saved = saved_inputs(*program, root, model);
    const CompilationId compilation = collector_.compilation(task.key);
    for (SymbolHint& symbol : program->symbols) {
        symbol.compilation = compilation;
        symbol.file = file_;
        collector_.dump.symbols.push_back(std::move(symbol));
    }
    const auto text = std::make_shared<const std::string>(std::move(program->text));
    task.text = *text;
    task.storage = text;
    collector_.tasks.push_back(std::move(task));
}

// Code and whatever else is in it: listed, not read.
void Reader::list_others() {
    for (const Archive::Member& member : archive_.members()) {
        if (!has_folder(member.name, "data/aotinductor/") && !has_folder(member.name, "data/executorch/")
            && !has_folder(member.name, "extra/") && !has_folder(member.name, "extra_files/"))
            continue;
        Artifact a;
        a.name = member.name;
        a.file = file_;
        a.bytes = member.bytes;
        collector_.dump.artifacts.push_back(std::move(a));
    }
}

void Reader::run() {
    const Members& members = archive_.members();
    const auto programs = std::count_if(
        members.begin(), members.end(), [](const Archive::Member& m) { return is_program(m.name); });
    for (const Archive::Member& member : members)
        if (is_program(member.name))
            program(member, programs > 1);
    list_others();
    if (!programs)
        problem(Severity::Warning,
            "is an AOTInductor package: compiled code (" + counted(collector_.dump.artifacts.size(), "file")
                + "), without the graph that it was made from; save the ExportedProgram too "
                  "(torch.export.save)");
}

} // namespace

ArchiveKind archive_kind(const Archive& archive) {
    bool compiled = false, pickle = false, script = false, program = false, marked = false;
    for (const Archive::Member& member : archive.members()) {
        if (last_part(member.name) == kOldProgram)
            return ArchiveKind::Export;
        program = program || is_program(member.name);
        marked = marked || last_part(member.name) == "archive_format";
        compiled = compiled || has_folder(member.name, "data/aotinductor/");
        pickle = pickle || last_part(member.name) == "data.pkl";
        script = script || last_part(member.name) == "constants.pkl" || has_folder(member.name, "code/");
    }
    if (program && marked)
        return ArchiveKind::Export;
    return compiled        ? ArchiveKind::Compiled
        : pickle && script ? ArchiveKind::TorchScript
        : pickle           ? ArchiveKind::Tensors
                           : ArchiveKind::Files;
}

void read_export_archive(
    Collector& collector, FileId file, const Archive& archive, const UnfoldLimit& limit) {
    Reader(collector, file, archive, limit).run();
}

} // namespace hopscope::read
