#include "engine/duckdb/internal/log_lines.h"

namespace neurolake::engine::duckdb {
namespace {

constexpr const char* kState = "neurolake_log_lines";

struct LinesState final : native::ClientContextState {
  explicit LinesState(LogLines given) : lines(std::move(given)) {}
  const LogLines lines;
};

struct Bound final : native::FunctionData {
  explicit Bound(native::shared_ptr<LinesState> given) : state(std::move(given)) {}
  native::unique_ptr<native::FunctionData> Copy() const override { return native::make_uniq<Bound>(state); }
  bool Equals(const native::FunctionData& other) const override { return other.Cast<Bound>().state == state; }
  native::shared_ptr<LinesState> state;
};

struct Position final : native::GlobalTableFunctionState {
  int64_t next = 0;
};

native::unique_ptr<native::FunctionData> Bind(native::ClientContext& context, native::TableFunctionBindInput&,
                                              native::vector<native::LogicalType>& types,
                                              native::vector<native::string>& names) {
  auto state = context.registered_state->Get<LinesState>(kState);
  if (!state) throw native::BinderException("there are no lines to read here");
  types.emplace_back(native::LogicalType::VARCHAR);
  names.emplace_back("line");
  return native::make_uniq<Bound>(std::move(state));
}

native::unique_ptr<native::GlobalTableFunctionState> Init(native::ClientContext&, native::TableFunctionInitInput&) {
  return native::make_uniq<Position>();
}

void Read(native::ClientContext&, native::TableFunctionInput& input, native::DataChunk& output) {
  const LogLines& lines = input.bind_data->Cast<Bound>().state->lines;
  auto& position = input.global_state->Cast<Position>();
  auto* values = native::FlatVector::GetData<native::string_t>(output.data[0]);
  native::idx_t count = 0;
  for (; count < STANDARD_VECTOR_SIZE && position.next < lines.count; ++count, ++position.next) {
    values[count] = native::StringVector::AddString(output.data[0], lines.line(position.next));
  }
  output.SetCardinality(count);
}

}  // namespace

native::TableFunction LogLinesFunction() { return {kLogLines, {}, Read, Bind, Init}; }

LogLinesScope::LogLinesScope(native::ClientContext& context, LogLines lines) : context_(context) {
  context_.registered_state->Insert(kState, native::make_shared_ptr<LinesState>(std::move(lines)));
}

LogLinesScope::~LogLinesScope() { context_.registered_state->Remove(kState); }

}  // namespace neurolake::engine::duckdb
