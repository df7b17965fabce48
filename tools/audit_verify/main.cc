// neurolake-audit-verify: says whether the files of an audit log are what the log's key signed. It shares no code with
// the log, needs no server and no lake, and changes nothing.
#include <cstring>
#include <iostream>

#include "verify.h"

namespace {

using namespace audit_verify;

constexpr const char* kUsageText =
    R"(Usage: neurolake-audit-verify [--key KEY] [--remember FILE]... [--archive DIR [--without-archived]]
                              [--quiet] DIRECTORY
       neurolake-audit-verify [--key KEY] --prove INDEX DIRECTORY
       neurolake-audit-verify --key KEY --inclusion PROOF --record FILE
       neurolake-audit-verify --key KEY --continuation PROOF --old CHECKPOINT

DIRECTORY is the log's: <lake>/audit, or a copy of it.
  --key KEY           the log's verifier key, or the path of a file that holds it; without it the
                      one in the directory, which whoever changed the log could have changed too
  --remember FILE     checkpoints kept elsewhere: a witness file, or a checkpoint of last month
  --archive DIR       where segments are that went to the archive, or a copy of them
  --without-archived  of archived segments that are nowhere, such as those whose time is over, take the
                      hashes that the log kept: the tree is verified, their records are not read
  --prove INDEX       verify, and print the proof of one record as a C2SP tlog-proof
  --inclusion PROOF   a C2SP tlog-proof, for the one record in --record, a line of a segment
  --continuation PROOF  a line "old SIZE", hashes, a blank line and a checkpoint: whether that
                      continues the log of the checkpoint in --old
  --quiet             say nothing, answer by the exit status alone

Exit status: 0 intact; 1 altered; 2 truncated; 3 rolled back; 4 forked; 5 a bad checkpoint or key;
6 a missing segment; 64 wrong usage; 66 a file that cannot be read.
)";

struct Arguments {
  std::string directory, key, inclusion, record, continuation, old_checkpoint, prove, archive;
  std::vector<std::string> remembered;
  bool quiet = false, without_archived = false;
};

bool ReadArguments(int argc, char** argv, Arguments& arguments) {
  const std::pair<const char*, std::string*> valued[] = {{"--key", &arguments.key},
                                                         {"--inclusion", &arguments.inclusion},
                                                         {"--record", &arguments.record},
                                                         {"--continuation", &arguments.continuation},
                                                         {"--old", &arguments.old_checkpoint},
                                                         {"--prove", &arguments.prove},
                                                         {"--archive", &arguments.archive}};
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    std::string* value = nullptr;
    for (const auto& [name, target] : valued) {
      if (argument == name) value = target;
    }
    if (argument == "--remember") value = &arguments.remembered.emplace_back();
    if (value != nullptr) {
      if (++i == argc) return false;
      *value = argv[i];
    } else if (argument == "--quiet") {
      arguments.quiet = true;
    } else if (argument == "--without-archived") {
      arguments.without_archived = true;
    } else if (argument.starts_with('-') || !arguments.directory.empty()) {
      return false;
    } else {
      arguments.directory = argument;
    }
  }
  const int modes = !arguments.directory.empty() + !arguments.inclusion.empty() + !arguments.continuation.empty();
  if (!arguments.prove.empty() && arguments.directory.empty()) return false;
  return modes == 1 && arguments.inclusion.empty() == arguments.record.empty() &&
         arguments.continuation.empty() == arguments.old_checkpoint.empty() &&
         (!arguments.directory.empty() || (!arguments.key.empty() && arguments.remembered.empty()));
}

int Say(const Arguments& arguments, ExitCode code, const std::string& text) {
  if (!arguments.quiet) (code == kIntact ? std::cout : std::cerr) << text << '\n';
  return code;
}

/// `text` behind a first line that begins with `start`: hashes, a blank line, a note.
bool ReadProof(std::string_view text, std::string_view start, uint64_t& number, std::vector<Digest>& path,
               std::string& note) {
  if (!text.starts_with(start)) return false;
  text.remove_prefix(start.size());
  for (bool first = true;; first = false) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return false;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (first ? !ReadNumber(line, number) : !line.empty() && !DecodeDigest(line, path.emplace_back())) return false;
    if (!first && line.empty()) break;
  }
  note = text;
  return true;
}

int CheckInclusion(const Arguments& arguments, const PublicKey& key) {
  std::string text, record, note, why;
  if (!ReadWhole(arguments.inclusion, text)) return Say(arguments, kCannotRead, "cannot read " + arguments.inclusion);
  if (!ReadWhole(arguments.record, record)) return Say(arguments, kCannotRead, "cannot read " + arguments.record);
  if (record.ends_with('\n')) record.pop_back();
  uint64_t index = 0;
  std::vector<Digest> path;
  SignedTree tree;
  constexpr std::string_view kHead = "c2sp.org/tlog-proof@v1\n";
  std::string_view rest = text;
  if (rest.starts_with(kHead)) rest.remove_prefix(kHead.size());
  if (rest.size() == text.size()) return Say(arguments, kBadCheckpoint, "bad: the file is no proof of inclusion");
  if (rest.starts_with("extra ")) rest.remove_prefix(std::min(rest.find('\n'), rest.size() - 1) + 1);
  if (!ReadProof(rest, "index ", index, path, note)) {
    return Say(arguments, kBadCheckpoint, "bad: the file is no proof of inclusion");
  }
  if (!ReadSignedTree(note, key, tree, why)) return Say(arguments, kBadCheckpoint, "bad: the checkpoint: " + why);
  if (!IsIncluded(index, tree.count, HashRecord(record), path, tree.root)) {
    return Say(arguments, kAltered, "altered: the record is not number " + std::to_string(index) + " of the log");
  }
  return Say(arguments, kIntact,
             "intact: the record is number " + std::to_string(index) + " of " + std::to_string(tree.count) + " of " +
                 key.name);
}

int CheckContinuation(const Arguments& arguments, const PublicKey& key) {
  std::string text, old_note, note, why;
  if (!ReadWhole(arguments.continuation, text)) {
    return Say(arguments, kCannotRead, "cannot read " + arguments.continuation);
  }
  if (!ReadWhole(arguments.old_checkpoint, old_note)) {
    return Say(arguments, kCannotRead, "cannot read " + arguments.old_checkpoint);
  }
  uint64_t old_count = 0;
  std::vector<Digest> path;
  SignedTree old_tree, tree;
  if (!ReadProof(text, "old ", old_count, path, note)) {
    return Say(arguments, kBadCheckpoint, "bad: the file is no proof of continuation");
  }
  if (!ReadSignedTree(old_note, key, old_tree, why)) {
    return Say(arguments, kBadCheckpoint, "bad: the old checkpoint: " + why);
  }
  if (!ReadSignedTree(note, key, tree, why)) return Say(arguments, kBadCheckpoint, "bad: the checkpoint: " + why);
  if (old_count != old_tree.count || !IsContinued(old_count, tree.count, old_tree.root, tree.root, path)) {
    return Say(arguments, kForked,
               "forked: it is not proven that the log of the old checkpoint goes on in the new one");
  }
  return Say(arguments, kIntact,
             "intact: " + std::to_string(old_tree.count) + " records, continued to " + std::to_string(tree.count));
}

const char* NameOf(ExitCode code) {
  switch (code) {
    case kIntact: return "intact";
    case kAltered: return "altered";
    case kTruncated: return "truncated";
    case kRolledBack: return "rolled back";
    case kForked: return "forked";
    case kBadCheckpoint: return "bad checkpoint";
    case kMissingSegment: return "missing segment";
    case kUsage:
    case kCannotRead: break;
  }
  return "";
}

/// To standard output, and nothing else there.
int Prove(const Arguments& arguments, const Report& report) {
  uint64_t index = 0;
  ReadNumber(arguments.prove, index);
  if (index >= report.last_checkpoint_size) {
    return Say(arguments, kUsage, "no checkpoint covers the record yet: " + arguments.prove);
  }
  std::vector<Digest> records = report.digests;
  records.resize(report.last_checkpoint_size);
  std::cout << "c2sp.org/tlog-proof@v1\nindex " << index << '\n';
  for (const Digest& digest : PathTo(index, records)) {
    std::cout << EncodeBase64({reinterpret_cast<const char*>(digest.data()), digest.size()}) << '\n';
  }
  std::cout << '\n' << report.last_checkpoint << std::flush;
  return std::cout ? kIntact : kCannotRead;
}

int CheckDirectory(const Arguments& arguments, const PublicKey& key) {
  Report report;
  std::string why;
  if (!CheckLog({.directory = arguments.directory,
                 .key = key,
                 .remembered = arguments.remembered,
                 .archive = arguments.archive,
                 .without_archived = arguments.without_archived,
                 .keep_records = !arguments.prove.empty()},
                report, why)) {
    return Say(arguments, kCannotRead, why);
  }
  for (const Finding& finding : report.findings) {
    Say(arguments, finding.code, std::string(NameOf(finding.code)) + ": " + finding.text);
  }
  if (!arguments.quiet) {
    if (arguments.key.empty()) {
      std::cerr
          << "note: the key comes from the directory itself; --key with one that was kept elsewhere proves more\n";
    }
    for (const std::string& note : report.notes) std::cerr << "note: " << note << '\n';
  }
  if (!report.findings.empty()) return report.findings.front().code;
  if (!arguments.prove.empty()) return Prove(arguments, report);
  return Say(arguments, kIntact,
             "intact: " + std::to_string(report.records) + " records of " + key.name + ", " +
                 std::to_string(report.signed_records) + " of them signed" +
                 (report.unread_records == 0 ? ""
                                             : "; " + std::to_string(report.unread_records) +
                                                   " of them were not read, their hashes are those signed"));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && (std::strcmp(argv[1], "--help") == 0 || std::strcmp(argv[1], "-h") == 0)) {
    std::cout << kUsageText;
    return kIntact;
  }
  Arguments arguments;
  if (!ReadArguments(argc, argv, arguments)) {
    std::cerr << kUsageText;
    return kUsage;
  }
  if (uint64_t number = 0; !arguments.prove.empty() && !ReadNumber(arguments.prove, number)) {
    return Say(arguments, kUsage, "--prove takes the number of a record, such as 4711, not: " + arguments.prove);
  }
  std::string text = arguments.key;
  PublicKey key;
  if (text.empty() && !ReadWhole(arguments.directory + "/log.vkey", text)) {
    return Say(arguments, kCannotRead, "cannot read " + arguments.directory + "/log.vkey; name the key with --key");
  }
  if (!ReadPublicKey(text, key) && (!ReadWhole(arguments.key, text) || !ReadPublicKey(text, key))) {
    return Say(arguments, kBadCheckpoint, "bad key: it is no verifier key of Ed25519");
  }
  if (!arguments.inclusion.empty()) return CheckInclusion(arguments, key);
  if (!arguments.continuation.empty()) return CheckContinuation(arguments, key);
  return CheckDirectory(arguments, key);
}
