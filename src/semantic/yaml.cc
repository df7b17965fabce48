#include "semantic/internal/yaml.h"

#include <yaml.h>

#include <algorithm>

namespace neurolake::semantic {
namespace {

constexpr size_t kBytesMax = 1 << 20;
constexpr size_t kDepthMax = 32;
constexpr size_t kNodesMax = 100'000;

std::unexpected<Error> Refuse(uint32_t line, std::string_view why) {
  auto error = MakeError(ErrorCode::kSyntaxError, "not the YAML of a semantic model: {} (line {})", why, line);
  return std::unexpected(std::move(error.error()).With("line", std::to_string(line)));
}

/// Frees what libyaml allocated for an event.
class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { yaml_event_delete(&event_); }
  yaml_event_t* get() { return &event_; }
  yaml_event_type_t type() const { return event_.type; }
  uint32_t line() const { return uint32_t(event_.start_mark.line) + 1; }
  const yaml_event_t& native() const { return event_; }

 private:
  yaml_event_t event_{};
};

std::string TextOf(const yaml_char_t* text, size_t length) { return {reinterpret_cast<const char*>(text), length}; }

class Reader {
 public:
  explicit Reader(std::string_view text) {
    ready_ = yaml_parser_initialize(&parser_) == 1;
    if (!ready_) return;
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() {
    if (ready_) yaml_parser_delete(&parser_);
  }

  Result<YamlNode> Document() {
    if (!ready_) return MakeError(ErrorCode::kOutOfMemory, "no memory to read a semantic model");
    NL_RETURN_IF_ERROR(Expect(YAML_STREAM_START_EVENT, "it has no beginning"));
    NL_RETURN_IF_ERROR(Expect(YAML_DOCUMENT_START_EVENT, "it is empty"));
    Event first;
    NL_RETURN_IF_ERROR(Next(first));
    NL_ASSIGN_OR_RETURN(YamlNode node, Node(first, 0));
    NL_RETURN_IF_ERROR(Expect(YAML_DOCUMENT_END_EVENT, "the document does not end"));
    NL_RETURN_IF_ERROR(Expect(YAML_STREAM_END_EVENT, "a model is one document"));
    return node;
  }

 private:
  Result<void> Next(Event& event) {
    if (yaml_parser_parse(&parser_, event.get()) == 1) return {};
    return Refuse(uint32_t(parser_.problem_mark.line) + 1,
                  parser_.problem == nullptr ? "it ends early" : parser_.problem);
  }

  Result<void> Expect(yaml_event_type_t type, std::string_view otherwise) {
    Event event;
    NL_RETURN_IF_ERROR(Next(event));
    if (event.type() != type) return Refuse(event.line(), otherwise);
    return {};
  }

  static Result<void> Plain(const Event& event, const yaml_char_t* anchor, const yaml_char_t* tag) {
    if (anchor != nullptr) return Refuse(event.line(), "anchors (&name) are not taken; write it out");
    if (tag != nullptr) return Refuse(event.line(), "tags (!name) are not taken; write the plain value");
    return {};
  }

  Result<YamlNode> Node(const Event& event, size_t depth) {
    if (depth >= kDepthMax) return Refuse(event.line(), "it is nested too deeply, 32 levels are the most");
    if (++nodes_ > kNodesMax) return Refuse(event.line(), "it has too many parts, 100000 are the most");
    switch (event.type()) {
      case YAML_SCALAR_EVENT: {
        const auto& scalar = event.native().data.scalar;
        NL_RETURN_IF_ERROR(Plain(event, scalar.anchor, scalar.tag));
        return YamlNode{.kind = YamlNode::Kind::kScalar,
                        .line = event.line(),
                        .scalar = TextOf(scalar.value, scalar.length),
                        .is_quoted = scalar.style != YAML_PLAIN_SCALAR_STYLE};
      }
      case YAML_SEQUENCE_START_EVENT: {
        const auto& start = event.native().data.sequence_start;
        NL_RETURN_IF_ERROR(Plain(event, start.anchor, start.tag));
        return Sequence(event.line(), depth);
      }
      case YAML_MAPPING_START_EVENT: {
        const auto& start = event.native().data.mapping_start;
        NL_RETURN_IF_ERROR(Plain(event, start.anchor, start.tag));
        return Map(event.line(), depth);
      }
      case YAML_ALIAS_EVENT: return Refuse(event.line(), "aliases (*name) are not taken; write it out");
      default: return Refuse(event.line(), "a value was expected");
    }
  }

  Result<YamlNode> Sequence(uint32_t line, size_t depth) {
    YamlNode node{.kind = YamlNode::Kind::kSequence, .line = line};
    while (true) {
      Event event;
      NL_RETURN_IF_ERROR(Next(event));
      if (event.type() == YAML_SEQUENCE_END_EVENT) return node;
      NL_ASSIGN_OR_RETURN(YamlNode item, Node(event, depth + 1));
      node.items.push_back(std::move(item));
    }
  }

  Result<YamlNode> Map(uint32_t line, size_t depth) {
    YamlNode node{.kind = YamlNode::Kind::kMap, .line = line};
    while (true) {
      Event event;
      NL_RETURN_IF_ERROR(Next(event));
      if (event.type() == YAML_MAPPING_END_EVENT) return node;
      if (event.type() != YAML_SCALAR_EVENT) return Refuse(event.line(), "a member's name is text");
      NL_ASSIGN_OR_RETURN(YamlNode key, Node(event, depth + 1));
      if (node.Find(key.scalar) != nullptr) return Refuse(key.line, "a member stands twice: " + key.scalar);
      Event value;
      NL_RETURN_IF_ERROR(Next(value));
      NL_ASSIGN_OR_RETURN(YamlNode child, Node(value, depth + 1));
      node.members.emplace_back(std::move(key.scalar), std::move(child));
    }
  }

  yaml_parser_t parser_{};
  bool ready_ = false;
  size_t nodes_ = 0;
};

}  // namespace

const YamlNode* YamlNode::Find(std::string_view name) const {
  const auto found = std::ranges::find(members, name, &std::pair<std::string, YamlNode>::first);
  return found == members.end() ? nullptr : &found->second;
}

bool YamlNode::IsNull() const {
  return kind == Kind::kScalar && !is_quoted && (scalar.empty() || scalar == "~" || scalar == "null");
}

Result<YamlNode> ParseYaml(std::string_view text) {
  if (text.size() > kBytesMax) {
    return MakeError(ErrorCode::kPayloadTooLarge, "a semantic model has at most {} bytes, this one: {}", kBytesMax,
                     text.size());
  }
  return Reader(text).Document();
}

std::unexpected<Error> WrongAt(uint32_t line, const std::string& message) {
  if (line == 0) return MakeError(ErrorCode::kInvalidArgument, "{}", message);
  auto error = MakeError(ErrorCode::kInvalidArgument, "{} (line {})", message, line);
  return std::unexpected(std::move(error.error()).With("line", std::to_string(line)));
}

}  // namespace neurolake::semantic
