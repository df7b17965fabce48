#include "engine/duckdb/internal/session_settings.h"

#include "duckdb/catalog/catalog_search_path.hpp"
#include "duckdb/main/client_config.hpp"
#include "duckdb/main/client_data.hpp"
#include "duckdb/main/config.hpp"
#include "engine/duckdb/internal/lake_catalog.h"

namespace neurolake::engine::duckdb {

void ApplySessionSettings(native::ClientContext& context, const std::string& schema, const std::string& time_zone) {
  auto& path = *native::ClientData::Get(context).catalog_search_path;
  const native::CatalogSearchEntry entry(LakeCatalog::kName, schema.empty() ? "main" : schema);
  // Directly: the other ways look the schema up, and a statement on a qualified name need not pay for that.
  path.Set(native::vector<native::CatalogSearchEntry>{entry}, native::CatalogSetPathType::SET_DIRECTLY);

  KeepFooters(context, false);
  SetTimeZone(context, time_zone);
}

void SetTimeZone(native::ClientContext& context, const std::string& time_zone) {
  native::ExtensionOption option;
  if (!native::DBConfig::GetConfig(context).TryGetExtensionOption("TimeZone", option)) return;
  native::Value zone(time_zone.empty() ? "UTC" : time_zone);
  // The configuration is locked against SET; this is what SET does, session-wide.
  if (option.set_function != nullptr) option.set_function(context, native::SetScope::SESSION, zone);
  native::ClientConfig::GetConfig(context).user_settings.SetUserSetting(option.setting_index.GetIndex(),
                                                                        std::move(zone));
}

void KeepFooters(native::ClientContext& context, bool keep) {
  native::ExtensionOption option;
  if (!native::DBConfig::GetConfig(context).TryGetExtensionOption("parquet_metadata_cache", option)) return;
  native::ClientConfig::GetConfig(context).user_settings.SetUserSetting(option.setting_index.GetIndex(),
                                                                        native::Value::BOOLEAN(keep));
}

}  // namespace neurolake::engine::duckdb
