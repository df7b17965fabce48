#include <algorithm>
#include <map>

#include "common/text.h"
#include "semantic/infer.h"
#include "semantic/load.h"

namespace neurolake::semantic {
namespace {

/// Where a member begins in the text that SaveModel writes; 0: nowhere.
uint32_t LineOf(const SemanticModel& model, const MemberNote& note) {
  if (note.entity.empty()) {
    if (const Join* join = FindJoin(model, note.member)) return join->line;
    const Metric* metric = FindMetric(model, note.member);
    return metric == nullptr ? 0 : metric->line;
  }
  const Entity* entity = FindEntity(model, note.entity);
  if (entity == nullptr || note.member.empty()) return entity == nullptr ? 0 : entity->line;
  if (const Dimension* dimension = FindDimension(*entity, note.member)) return dimension->line;
  const Measure* measure = FindMeasure(*entity, note.member);
  return measure == nullptr ? 0 : measure->line;
}

std::string CommentLine(std::string_view indent, std::string_view text) {
  std::string line = std::string(indent) + "# ";
  for (const char c : text) line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  return line + "\n";
}

}  // namespace

std::string AnnotatedYaml(const Inference& inference, const std::vector<std::string>& head) {
  std::map<uint32_t, std::vector<const MemberNote*>> notes;
  for (const MemberNote& note : inference.member_notes) notes[LineOf(inference.model, note)].push_back(&note);
  std::string text;
  for (const std::string& line : head) text += CommentLine("", line);
  for (const std::string& note : inference.notes) text += CommentLine("", "Guessed: " + note);
  for (const MemberNote* note : notes[0]) {
    text += CommentLine("", fmt::format("Guessed: {}.{}: {}", note->entity, note->member, note->text));
  }
  uint32_t number = 0;
  for (const std::string& line : Split(SaveModel(inference.model), '\n')) {
    ++number;
    const std::string_view indent = std::string_view(line).substr(0, line.find_first_not_of(' '));
    for (const MemberNote* note : notes[number]) text += CommentLine(indent, "Guessed: " + note->text);
    text += line + "\n";
  }
  while (text.ends_with("\n\n")) text.pop_back();
  return text;
}

}  // namespace neurolake::semantic
