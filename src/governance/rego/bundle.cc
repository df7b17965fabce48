#include "governance/rego/bundle.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <ranges>

#include "common/text.h"

namespace neurolake::governance {
namespace {

namespace json = boost::json;
using Path = std::vector<std::string>;

constexpr std::string_view kTestSuffix = "_test.rego";
constexpr size_t kPathBytesMax = 100;

bool IsModule(const BundleFile& file) { return file.path.ends_with(".rego"); }
bool IsTest(const BundleFile& file) { return file.path.ends_with(kTestSuffix); }

bool IsData(const BundleFile& file) { return file.path == "data.json" || file.path.ends_with("/data.json"); }

/// What other tools would read as a part of the bundle and this one does not: ignored, it would be missed.
Result<void> CheckKnown(const std::string& path) {
  for (const std::string_view suffix : {".yaml", ".yml", ".wasm", ".signatures.json", "plan.json"}) {
    if (!path.ends_with(suffix)) continue;
    return MakeError(ErrorCode::kInvalidArgument,
                     "a bundle has *.rego, data.json and .manifest; signatures, YAML, plans and WebAssembly are not "
                     "supported: {}",
                     path);
  }
  return {};
}

/// Relative, without the "/" or "./" that archives begin with.
Result<std::string> PlainPath(std::string_view path) {
  while (path.starts_with("/") || path.starts_with("./")) path.remove_prefix(path[0] == '/' ? 1 : 2);
  const auto parts = Split(path, '/');
  const bool plain =
      !path.empty() && path.size() <= kPathBytesMax && path.find('\\') == std::string_view::npos &&
      std::ranges::all_of(path, [](char c) { return static_cast<unsigned char>(c) >= 0x20; }) &&
      std::ranges::none_of(parts, [](const auto& one) { return one.empty() || one == "." || one == ".."; });
  if (!plain) {
    return MakeError(ErrorCode::kInvalidArgument, "not a path of a bundle's file, at most {} bytes: {}", kPathBytesMax,
                     std::string(path));
  }
  return std::string(path);
}

Result<std::vector<BundleFile>> Normalise(std::vector<BundleFile> files) {
  if (files.size() > RegoBundle::kFilesMax) {
    return MakeError(ErrorCode::kPayloadTooLarge, "a bundle has at most {} files", RegoBundle::kFilesMax);
  }
  size_t bytes = 0;
  std::vector<BundleFile> kept;
  for (BundleFile& file : files) {
    NL_ASSIGN_OR_RETURN(file.path, PlainPath(file.path));
    NL_RETURN_IF_ERROR(CheckKnown(file.path));
    bytes += file.content.size();
    if (bytes > RegoBundle::kBytesMax) {
      return MakeError(ErrorCode::kPayloadTooLarge, "a bundle has at most {} bytes", RegoBundle::kBytesMax);
    }
    if (IsModule(file) || IsData(file) || file.path == ".manifest") kept.push_back(std::move(file));
  }
  std::ranges::sort(kept, {}, &BundleFile::path);
  const auto twice = std::ranges::adjacent_find(kept, {}, &BundleFile::path);
  if (twice != kept.end()) {
    return MakeError(ErrorCode::kInvalidArgument, "a file is in the bundle twice: {}", twice->path);
  }
  return kept;
}

std::string DigestOf(const std::vector<BundleFile>& files) {
  std::string text;
  for (const BundleFile& file : files) {
    text += fmt::format("{}\n{}\n{}\n", file.path, file.content.size(), Sha256Hex(file.content));
  }
  return Sha256Hex(text);
}

Result<json::object> ParseJson(const BundleFile& file) {
  boost::system::error_code code;
  json::value value = json::parse(file.content, code);
  if (code || !value.is_object()) {
    return MakeError(ErrorCode::kInvalidArgument, "not a JSON object: {}", file.path);
  }
  return std::move(value.get_object());
}

struct Manifest {
  std::string revision;
  std::vector<Path> roots = {Path()};
};

std::unexpected<Error> BadManifest(std::string_view member) {
  return MakeError(ErrorCode::kInvalidArgument, "the bundle's .manifest is not as it should be: {}", member);
}

Result<Manifest> ReadManifest(const std::vector<BundleFile>& files) {
  Manifest manifest;
  const auto file = std::ranges::find(files, ".manifest", &BundleFile::path);
  if (file == files.end()) return manifest;
  NL_ASSIGN_OR_RETURN(const json::object object, ParseJson(*file));
  if (const auto* revision = object.if_contains("revision")) {
    if (!revision->is_string() || revision->get_string().size() > 255) return BadManifest("revision");
    manifest.revision = std::string(revision->get_string());
  }
  const auto* version = object.if_contains("rego_version");
  if (version != nullptr && (!version->is_int64() || version->get_int64() != 1))
    return BadManifest("rego_version is 1");
  for (const char* member : {"file_rego_versions", "wasm"}) {
    const auto* value = object.if_contains(member);
    const bool empty = value == nullptr || (value->is_object() && value->get_object().empty()) ||
                       (value->is_array() && value->get_array().empty());
    if (!empty) return BadManifest(std::string(member) + " is not supported");
  }
  if (const auto* roots = object.if_contains("roots")) {
    if (!roots->is_array()) return BadManifest("roots");
    manifest.roots.clear();
    for (const auto& root : roots->get_array()) {
      if (!root.is_string()) return BadManifest("roots");
      const std::string_view text = Trim(root.get_string());
      manifest.roots.push_back(text.empty() ? Path() : Split(text, '/'));
    }
  }
  return manifest;
}

bool BeginsWith(const Path& path, const Path& beginning) {
  return path.size() >= beginning.size() && std::equal(beginning.begin(), beginning.end(), path.begin());
}

Result<void> CheckRoots(const Manifest& manifest, const Path& path, const std::string& file) {
  if (std::ranges::any_of(manifest.roots, [&](const Path& root) { return BeginsWith(path, root); })) return {};
  return MakeError(ErrorCode::kInvalidArgument, "outside the roots that the bundle's .manifest names: {}", file);
}

/// Puts `value` where the file lies. Two files must not say two things.
Result<void> Merge(json::object& into, const json::object& value, const std::string& file) {
  for (const auto& [name, member] : value) {
    auto* known = into.if_contains(name);
    if (known == nullptr) {
      into.emplace(name, member);
    } else if (known->is_object() && member.is_object()) {
      NL_RETURN_IF_ERROR(Merge(known->get_object(), member.get_object(), file));
    } else {
      return MakeError(ErrorCode::kInvalidArgument, "data of two files lies in one place: {} of {}", std::string(name),
                       file);
    }
  }
  return {};
}

Result<json::object> DataOf(const std::vector<BundleFile>& files, const Manifest& manifest) {
  json::object data;
  for (const BundleFile& file : files) {
    if (!IsData(file)) continue;
    NL_ASSIGN_OR_RETURN(json::object value, ParseJson(file));
    Path place = Split(file.path, '/');
    place.pop_back();
    if (place.empty()) {
      for (const auto& member : value) NL_RETURN_IF_ERROR(CheckRoots(manifest, {std::string(member.key())}, file.path));
    } else {
      NL_RETURN_IF_ERROR(CheckRoots(manifest, place, file.path));
    }
    for (const std::string& part : place | std::views::reverse) value = json::object{{part, std::move(value)}};
    NL_RETURN_IF_ERROR(Merge(data, value, file.path));
  }
  return data;
}

struct EntryPoint {
  std::string_view name;
  std::string_view collection;  ///< The kind that it may have beside "complete".
};
constexpr std::array<EntryPoint, 4> kEntryPoints = {
    {{"allow", "complete"}, {"deny_reasons", "set"}, {"masks", "object"}, {"row_filters", "set"}}};

/// A rule with a name that is almost one of the four would hide nothing, and nobody would see it.
Result<void> CheckEntryPoints(const RegoPolicy& policy) {
  const Path authz = {"neurolake", "authz"};
  bool allows = false;
  for (const RegoRule& rule : policy.rules()) {
    if (rule.package != authz || rule.kind == "function" || rule.name.starts_with('_')) continue;
    const auto known = std::ranges::find(kEntryPoints, rule.name, &EntryPoint::name);
    if (known == kEntryPoints.end()) {
      return MakeError(ErrorCode::kInvalidArgument,
                       "{}:{}: package neurolake.authz has allow, deny_reasons, masks and row_filters; other rules are "
                       "in packages of their own, or have names that begin with _: {}",
                       rule.file, rule.line, rule.name);
    }
    if (rule.kind != "complete" && rule.kind != known->collection) {
      return MakeError(ErrorCode::kInvalidArgument, "{}:{}: the rule is a {} and not a {}: {}", rule.file, rule.line,
                       rule.kind, known->collection, rule.name);
    }
    allows = allows || rule.name == "allow";
  }
  if (allows) return {};
  return MakeError(ErrorCode::kInvalidArgument, "the bundle has no rule allow in package neurolake.authz");
}

Result<std::shared_ptr<const RegoPolicy>> Compile(const std::vector<BundleFile>& files, const std::string& data,
                                                  bool with_tests) {
  std::vector<RegoModule> modules;
  for (const BundleFile& file : files) {
    if (IsModule(file) && (with_tests || !IsTest(file))) modules.push_back({file.path, file.content});
  }
  return RegoPolicy::Compile(modules, data);
}

}  // namespace

Result<RegoBundle> RegoBundle::Load(std::vector<BundleFile> files) {
  RegoBundle bundle;
  NL_ASSIGN_OR_RETURN(bundle.files_, Normalise(std::move(files)));
  NL_ASSIGN_OR_RETURN(const Manifest manifest, ReadManifest(bundle.files_));
  bundle.revision_ = manifest.revision;
  bundle.digest_ = DigestOf(bundle.files_);
  NL_ASSIGN_OR_RETURN(const json::object data, DataOf(bundle.files_, manifest));
  const std::string text = json::serialize(data);
  NL_ASSIGN_OR_RETURN(bundle.policy_, Compile(bundle.files_, text, false));
  NL_ASSIGN_OR_RETURN(bundle.with_tests_, Compile(bundle.files_, text, true));
  for (const RegoRule& rule : bundle.with_tests_->rules()) {
    NL_RETURN_IF_ERROR(CheckRoots(manifest, rule.package, fmt::format("{}:{}", rule.file, rule.line)));
  }
  NL_RETURN_IF_ERROR(CheckEntryPoints(*bundle.policy_));
  return bundle;
}

std::vector<BundleTest> RegoBundle::RunTests(std::chrono::microseconds time_limit) const {
  using Outcome = BundleTest::Outcome;
  std::vector<BundleTest> tests;
  for (const RegoRule& rule : with_tests_->rules()) {
    const bool skipped = rule.name.starts_with("todo_test_");
    if (rule.kind == "function" || (!skipped && !rule.name.starts_with("test_"))) continue;
    BundleTest test{.name = rule.Path(), .file = rule.file, .line = rule.line, .outcome = Outcome::kSkipped};
    if (!skipped) {
      const auto begin = std::chrono::steady_clock::now();
      const auto value = with_tests_->Evaluate(test.name, "{}", time_limit);
      test.duration = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin);
      if (!value) {
        test.outcome = Outcome::kError;
        test.message = value.error().message();
      } else {
        test.outcome = *value == "true" ? Outcome::kPassed : Outcome::kFailed;
      }
    }
    tests.push_back(std::move(test));
  }
  return tests;
}

}  // namespace neurolake::governance
