// Judges the detector of personal data by a labelled corpus (bench/personal_data.py makes it), and measures its speed.
//   privacy_detector_bench judge CORPUS     lines: text, a tab, "ENTITY:begin:end" separated by blanks
//   privacy_detector_bench speed FILE
#include <time.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

#include "privacy/detector/detector.h"

namespace neurolake::privacy {
namespace {

struct Label {
  std::string entity;
  size_t begin, end;
};

/// What was found of an entity, what was not, and what was called so and is not.
struct Count {
  int64_t found = 0, missed = 0, wrong = 0, hidden = 0;
};

std::vector<Label> LabelsOf(const std::string& text) {
  std::vector<Label> labels;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const size_t first = word.find(':'), second = word.find(':', first + 1);
    labels.push_back({word.substr(0, first), std::stoul(word.substr(first + 1)), std::stoul(word.substr(second + 1))});
  }
  return labels;
}

void JudgeLine(const Detector& detector, const std::string& line, std::map<std::string, Count>& counts) {
  const size_t tab = line.rfind('\t');
  const auto labels = LabelsOf(line.substr(tab + 1));
  DetectOptions options;
  options.entities = AllEntities();
  for (const Entity context : {Entity::kDateTime, Entity::kUrl, Entity::kUuid, Entity::kOrganization, Entity::kNrp}) {
    options.entities.reset(static_cast<size_t>(context));
  }
  const auto spans = detector.Find(std::string_view(line).substr(0, tab), options);
  for (const Label& label : labels) {
    bool found = false, hidden = false;
    for (const Span& span : spans) {
      const bool overlaps = span.begin < label.end && label.begin < span.end;
      found = found || (overlaps && InfoOf(span.entity).name == label.entity);
      hidden = hidden || (span.begin <= label.begin && label.end <= span.end);
    }
    Count& count = counts[label.entity];
    ++(found ? count.found : count.missed);
    count.hidden += hidden ? 1 : 0;
  }
  for (const Span& span : spans) {
    const bool labelled = std::ranges::any_of(labels, [&](const Label& label) {
      return span.begin < label.end && label.begin < span.end && InfoOf(span.entity).name == label.entity;
    });
    if (!labelled) ++counts[std::string(InfoOf(span.entity).name)].wrong;
  }
}

int Judge(const Detector& detector, const char* file) {
  std::map<std::string, Count> counts;
  std::ifstream corpus(file);
  for (std::string line; std::getline(corpus, line);) JudgeLine(detector, line, counts);
  for (const auto& [entity, count] : counts) {
    std::printf("%s\t%ld\t%ld\t%ld\t%ld\n", entity.c_str(), count.found, count.missed, count.wrong, count.hidden);
  }
  return 0;
}

double ThreadSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

int Speed(const Detector& detector, const char* file) {
  std::ifstream stream(file);
  const std::string text((std::istreambuf_iterator<char>(stream)), {});
  const double megabytes = static_cast<double>(text.size()) / 1e6;
  PatternScanner::Scratch scratch(detector.scanner());
  std::vector<PatternMatch> matches;
  double best_scan = 1e9, best_find = 1e9;
  for (int i = 0; i < 5; ++i) {
    const double begun = ThreadSeconds();
    detector.scanner().Scan(text, scratch, matches);
    best_scan = std::min(best_scan, ThreadSeconds() - begun);
  }
  for (int i = 0; i < 2; ++i) {
    const double begun = ThreadSeconds();
    (void)detector.Redact(text, {});
    best_find = std::min(best_find, ThreadSeconds() - begun);
  }
  std::printf("patterns\t%.0f\nredact\t%.0f\n", megabytes / best_scan, megabytes / best_find);
  return 0;
}

}  // namespace
}  // namespace neurolake::privacy

int main(int count, char** arguments) {
  const auto detector = neurolake::privacy::Detector::Get();
  if (!detector || count != 3) return 2;
  const std::string_view what = arguments[1];
  return what == "judge" ? neurolake::privacy::Judge(**detector, arguments[2])
                         : neurolake::privacy::Speed(**detector, arguments[2]);
}
