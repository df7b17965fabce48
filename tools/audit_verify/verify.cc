#include "verify.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace audit_verify {
namespace {

namespace fs = std::filesystem;

constexpr size_t kFindingsMax = 20;
constexpr size_t kIndexEntryBytes = 40;
constexpr std::string_view kSegmentEnd = ".jsonl";
/// Says that a segment was moved to an archive.
constexpr std::string_view kArchivedEnd = ".archived";

/// A checkpoint that the records have to agree with.
struct Mark {
  SignedTree tree;
  bool own = true;  ///< From the log's directory; else somebody remembers it.
};

struct Segment {
  std::string path;   ///< Of its lines; empty: they are not there.
  std::string index;  ///< Of what the log noted of them, whether it is there or not.
  bool archived = false;
};

class LogChecker {
 public:
  LogChecker(const Request& request, Report& report) : request_(request), report_(report) {}

  bool Run(std::string& why) {
    // First: what is appended meanwhile is not missing then.
    if (!ReadMarks(why)) return false;
    if (!ListSegments(why)) return false;
    CompareMarks();
    Compare();
    for (auto at = segments_.begin(); at != segments_.end() && !broken_; ++at) {
      const bool is_last = std::next(at) == segments_.end();
      if (!ReadSegment(at->first, at->second, is_last, why)) return false;
    }
    CheckEnd();
    report_.records = tree_.count();
    report_.root = tree_.Root();
    return true;
  }

 private:
  void Find(ExitCode code, std::string text) {
    if (report_.findings.size() < kFindingsMax) report_.findings.push_back({code, std::move(text)});
  }

  bool ReadNotes(const std::string& path, bool own) {
    std::string text;
    if (!ReadWhole(path, text)) return false;
    TakeNotes(path, text, own, true);
    return true;
  }

  void TakeNotes(const std::string& path, const std::string& text, bool own, bool may_be_torn) {
    std::string rest;
    const auto notes = SplitNotes(text, rest);
    for (size_t i = 0; i < notes.size(); ++i) {
      Mark mark{.tree = {}, .own = own};
      mark.tree.where = path + ", checkpoint " + std::to_string(i + 1);
      std::string why;
      if (ReadSignedTree(notes[i], request_.key, mark.tree, why)) {
        marks_.push_back(mark);
      } else {
        Find(kBadCheckpoint, mark.tree.where + ": " + why);
      }
    }
    if (rest.empty()) return;
    if (may_be_torn) {
      report_.notes.push_back(path + ": the last checkpoint is incomplete, as a crash leaves it");
    } else {
      Find(kBadCheckpoint, path + ": something behind its last checkpoint is none");
    }
  }

  bool ReadMarks(std::string& why) {
    std::string latest;
    const bool has_latest = ReadWhole(request_.directory + "/checkpoint", latest);
    const bool has_all = ReadNotes(request_.directory + "/checkpoints", true);
    if (!has_latest) Find(kBadCheckpoint, request_.directory + "/checkpoint is missing");
    if (!has_all) Find(kBadCheckpoint, request_.directory + "/checkpoints is missing");
    const size_t history = marks_.size();
    for (size_t i = 1; i < history; ++i) {
      if (marks_[i].tree.count < marks_[i - 1].tree.count) {
        Find(kBadCheckpoint, marks_[i].tree.where + ": it is of fewer records than the one before it");
      }
    }
    // What was read before the others: by now there may be a newer one.
    if (has_latest) TakeNotes(request_.directory + "/checkpoint", latest, true, false);
    if (marks_.size() > history) {
      const SignedTree& last = marks_.back().tree;
      report_.last_checkpoint = latest;
      report_.last_checkpoint_size = last.count;
      const auto same = [&](const Mark& mark) { return mark.tree.count == last.count && mark.tree.root == last.root; };
      if (has_all && std::none_of(marks_.begin(), marks_.begin() + static_cast<long>(history), same)) {
        Find(kBadCheckpoint, last.where + ": it is not among the checkpoints of the log");
      }
    }
    for (const std::string& path : request_.remembered) {
      if (!ReadNotes(path, false)) {
        why = "cannot read " + path;
        return false;
      }
    }
    for (const Mark& mark : marks_) {
      if (mark.own) report_.signed_records = std::max(report_.signed_records, mark.tree.count);
    }
    std::stable_sort(marks_.begin(), marks_.end(),
                     [](const Mark& a, const Mark& b) { return a.tree.count < b.tree.count; });
    return true;
  }

  /// Two of the same size and different roots are proof by themselves.
  void CompareMarks() {
    for (size_t i = 1; i < marks_.size(); ++i) {
      const SignedTree &a = marks_[i - 1].tree, &b = marks_[i].tree;
      if (a.count == b.count && a.root != b.root) {
        Find(kForked,
             "the key has signed two logs of " + std::to_string(a.count) + " records: " + a.where + " and " + b.where);
      }
    }
  }

  bool ListSegments(std::string& why) {
    std::error_code problem;
    for (fs::directory_iterator entry(request_.directory + "/segments", problem), end; !problem && entry != end;
         entry.increment(problem)) {
      const std::string name = entry->path().filename().string();
      if (name.starts_with("torn-")) report_.notes.push_back(name + ": what a crash left was set aside");
      const bool archived = name.ends_with(kArchivedEnd);
      if (!archived && !name.ends_with(kSegmentEnd)) continue;
      const std::string digits = name.substr(0, name.size() - (archived ? kArchivedEnd : kSegmentEnd).size());
      const size_t zeros = std::min(digits.find_first_not_of('0'), digits.size() - 1);
      uint64_t first = 0;
      if (digits.size() != 20 || !ReadNumber(std::string_view(digits).substr(zeros), first)) {
        Find(kAltered, name + ": a file that is no segment");
        continue;
      }
      Segment& segment = segments_[first];
      segment.index = (entry->path().parent_path() / (digits + ".index")).string();
      if (archived) {
        segment.archived = true;
      } else {
        segment.path = entry->path().string();
      }
    }
    if (problem) why = "cannot list " + request_.directory + "/segments";
    for (auto& [first, segment] : segments_) {
      if (!segment.path.empty() || request_.archive.empty()) continue;
      const fs::path name = fs::path(segment.index).filename().replace_extension(kSegmentEnd);
      std::error_code ignored;
      if (const fs::path there = request_.archive / name; fs::exists(there, ignored)) segment.path = there.string();
    }
    return !problem;
  }

  bool ReadSegment(uint64_t first, const Segment& segment, bool is_last, std::string& why) {
    const std::string& path = segment.path.empty() ? segment.index : segment.path;
    if (first > tree_.count()) {
      Find(kMissingSegment, path + ": records " + std::to_string(tree_.count()) + " to " + std::to_string(first - 1) +
                                " before it are missing");
      broken_ = true;
      return true;
    }
    if (first < tree_.count()) {
      Find(kAltered, path + ": its first record is there already, number " + std::to_string(first));
      broken_ = true;
      return true;
    }
    if (segment.path.empty()) return ReadHashes(first, segment, is_last);
    std::ifstream file(path, std::ios::binary);
    // It went to the archive since the segments were listed.
    if (!file && !request_.archive.empty()) {
      file.open(request_.archive / fs::path(path).filename(), std::ios::binary);
    }
    std::ifstream index(segment.index, std::ios::binary);
    if (!file) {
      why = "cannot read " + path;
      return false;
    }
    std::string line;
    for (uint64_t in_file = 1; std::getline(file, line); ++in_file) {
      if (file.eof()) {  // No line feed behind it.
        torn_ = path + ", line " + std::to_string(in_file);
        break;
      }
      AddRecord(line, path + ", line " + std::to_string(in_file), index);
    }
    if (!torn_.empty() && !is_last) {
      Find(kAltered,
           "record " + std::to_string(tree_.count()) + " (" + torn_ + ") is incomplete, with others behind it");
      broken_ = true;
    }
    return true;
  }

  /// Of a segment whose lines are in no place that was named. What is signed is the tree, so hashes of records that are
  /// not those of the log do not agree with its checkpoints.
  bool ReadHashes(uint64_t first, const Segment& segment, bool is_last) {
    std::ifstream index(segment.index, std::ios::binary);
    if (!request_.without_archived || !index || is_last) {
      Find(kMissingSegment, segment.index + ": the segment from record " + std::to_string(first) +
                                " on is in an archive; name a directory that has it with --archive" +
                                (is_last ? "" : ", or leave its records unread with --without-archived"));
      broken_ = true;
      return true;
    }
    for (std::array<char, kIndexEntryBytes> entry; index.read(entry.data(), entry.size());) {
      Digest noted{};
      for (size_t i = 0; i < noted.size(); ++i) noted[i] = static_cast<unsigned char>(entry[i]);
      tree_.Add(noted);
      noted_tree_.Add(noted);
      if (request_.keep_records) report_.digests.push_back(noted);
      ++report_.unread_records;
      Compare();
    }
    return true;
  }

  void AddRecord(const std::string& line, const std::string& where, std::ifstream& index) {
    const uint64_t number = tree_.count();
    const std::string start = "{\"index\":" + std::to_string(number) + ",";
    if (!line.starts_with(start) && ++misplaced_ <= kFindingsMax / 2) {
      uint64_t other = 0;
      const size_t comma = line.find(',');
      const bool named = line.starts_with("{\"index\":") && comma != std::string::npos &&
                         ReadNumber(std::string_view(line).substr(9, comma - 9), other);
      Find(kAltered,
           "record " + std::to_string(number) + " (" + where + ") " +
               (named ? "calls itself " + std::to_string(other) + ": records were added, repeated, moved or taken out"
                      : "is no record"));
    }
    const Digest digest = HashRecord(line);
    // What the log noted of the record when it wrote it; proves nothing, but tells one record from many.
    Digest noted = digest;
    std::array<char, kIndexEntryBytes> entry;
    if (index.read(entry.data(), entry.size())) {
      for (size_t i = 0; i < noted.size(); ++i) noted[i] = static_cast<unsigned char>(entry[i]);
    }
    if (noted != digest) suspects_.emplace_back(number, where);
    tree_.Add(digest);
    if (request_.keep_records) report_.digests.push_back(digest);
    noted_tree_.Add(noted);
    Compare();
  }

  /// With every checkpoint of as many records as were read.
  void Compare() {
    const uint64_t good_before = last_good_;
    for (; next_ < marks_.size() && marks_[next_].tree.count == tree_.count(); ++next_) {
      const Mark& mark = marks_[next_];
      const bool agrees = tree_.Root() == mark.tree.root || (noted_counts_ && noted_tree_.Root() == mark.tree.root);
      if (agrees) {
        last_good_ = tree_.count();
        continue;
      }
      if (mark.own && !altered_) ReportAltered(mark);
      if (!mark.own && !altered_) {
        Find(kForked, mark.tree.where + ": signed by the log's key for " + std::to_string(mark.tree.count) +
                          " records, which are not these; they differ after the first " + std::to_string(good_before));
      }
    }
  }

  void ReportAltered(const Mark& mark) {
    altered_ = true;
    if (!suspects_.empty() && noted_tree_.Root() == mark.tree.root) {
      // What was noted is what was signed, so the lines that differ from it are the ones.
      for (const auto& [number, where] : suspects_) {
        Find(kAltered, "record " + std::to_string(number) + " (" + where + ") was changed after it was signed");
      }
      suspects_.clear();
      noted_counts_ = true;
      altered_ = false;
      last_good_ = tree_.count();
      return;
    }
    if (last_good_ + 1 == tree_.count()) {
      Find(kAltered, "record " + std::to_string(last_good_) + " was changed after it was signed: " + mark.tree.where);
      return;
    }
    Find(kAltered, "among records " + std::to_string(last_good_) + " to " + std::to_string(tree_.count() - 1) +
                       " some were changed after they were signed: " + mark.tree.where);
  }

  void CheckEnd() {
    if (broken_) return;
    // Later ones, in a part that a checkpoint covers and whose root was found wrong as a whole, were told above.
    if (noted_counts_) {
      for (const auto& [number, where] : suspects_) {
        Find(kAltered, "record " + std::to_string(number) + " (" + where + ") is not what was written");
      }
    }
    const uint64_t records = tree_.count();
    if (!torn_.empty() && records >= report_.signed_records) {
      report_.notes.push_back(torn_ + " is incomplete: a crash left it, or the log is being written");
    }
    if (records < report_.signed_records) {
      Find(kTruncated, "records " + std::to_string(records) + " to " + std::to_string(report_.signed_records - 1) +
                           " are missing at the end" + (torn_.empty() ? "" : ", the first of them in part: " + torn_));
    }
    uint64_t remembered = 0;
    std::string where;
    for (const Mark& mark : marks_) {
      if (!mark.own && mark.tree.count > remembered) {
        remembered = mark.tree.count;
        where = mark.tree.where;
      }
    }
    if (remembered > records && remembered > report_.signed_records) {
      Find(kRolledBack,
           where + ": the log had " + std::to_string(remembered) + " records, and has " + std::to_string(records));
    }
    if (records > report_.signed_records) {
      report_.notes.push_back(std::to_string(records - report_.signed_records) +
                              " records behind the last checkpoint are not signed yet");
    }
  }

  const Request& request_;
  Report& report_;
  std::vector<Mark> marks_;  ///< By size.
  size_t next_ = 0;
  std::map<uint64_t, Segment> segments_;  ///< By their first record.
  RollingTree tree_;
  RollingTree noted_tree_;
  std::vector<std::pair<uint64_t, std::string>> suspects_;
  std::string torn_;
  uint64_t last_good_ = 0;
  size_t misplaced_ = 0;
  bool noted_counts_ = false;
  bool altered_ = false;
  bool broken_ = false;
};

}  // namespace

bool ReadWhole(const std::string& path, std::string& text) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return false;
  std::stringstream buffer;
  buffer << file.rdbuf();
  text = buffer.str();
  return !file.bad();
}

bool CheckLog(const Request& request, Report& report, std::string& why) { return LogChecker(request, report).Run(why); }

}  // namespace audit_verify
