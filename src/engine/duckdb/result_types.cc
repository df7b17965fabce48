#include "engine/duckdb/internal/result_types.h"

namespace neurolake::engine::duckdb {

using native::LogicalType;
using native::LogicalTypeId;

LogicalType ExportedType(const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::ENUM:
    case LogicalTypeId::UUID:
    case LogicalTypeId::BIT:
    case LogicalTypeId::TIME_TZ:
    case LogicalTypeId::INTERVAL:
    case LogicalTypeId::UNION:
    case LogicalTypeId::BIGNUM:
    case LogicalTypeId::VARIANT: return LogicalType::VARCHAR;
    case LogicalTypeId::VARCHAR:  // JSON and collated text are text.
      return LogicalType::VARCHAR;
    case LogicalTypeId::HUGEINT:
    case LogicalTypeId::UHUGEINT: return LogicalType::DECIMAL(38, 0);
    case LogicalTypeId::TIMESTAMP_SEC:
    case LogicalTypeId::TIMESTAMP_MS: return LogicalType::TIMESTAMP;
    case LogicalTypeId::SQLNULL: return LogicalType::INTEGER;
    case LogicalTypeId::LIST: return LogicalType::LIST(ExportedType(native::ListType::GetChildType(type)));
    case LogicalTypeId::ARRAY: return LogicalType::LIST(ExportedType(native::ArrayType::GetChildType(type)));
    case LogicalTypeId::MAP:
      return LogicalType::MAP(ExportedType(native::MapType::KeyType(type)),
                              ExportedType(native::MapType::ValueType(type)));
    case LogicalTypeId::STRUCT: {
      native::child_list_t<LogicalType> children;
      for (const auto& [name, child] : native::StructType::GetChildTypes(type)) {
        children.emplace_back(name, ExportedType(child));
      }
      return LogicalType::STRUCT(std::move(children));
    }
    default: return type;
  }
}

void CastToExportedTypes(native::ClientContext& context, BoundPlan& plan) {
  plan.root->ResolveOperatorTypes();
  const auto bindings = plan.root->GetColumnBindings();
  bool changed = false;
  native::vector<native::unique_ptr<native::Expression>> columns;
  for (size_t i = 0; i < plan.types.size(); ++i) {
    native::unique_ptr<native::Expression> column =
        native::make_uniq<native::BoundColumnRefExpression>(plan.root->types[i], bindings[i]);
    const LogicalType exported = ExportedType(plan.types[i]);
    if (exported != plan.types[i] || exported.HasAlias() != plan.types[i].HasAlias()) {
      column = native::BoundCastExpression::AddCastToType(context, std::move(column), exported);
      plan.types[i] = exported;
      changed = true;
    }
    columns.push_back(std::move(column));
  }
  if (!changed) return;
  auto projection = native::make_uniq<native::LogicalProjection>(plan.binder->GenerateTableIndex(), std::move(columns));
  projection->children.push_back(std::move(plan.root));
  projection->ResolveOperatorTypes();
  plan.root = std::move(projection);
}

}  // namespace neurolake::engine::duckdb
