// Erasure of data subjects: what the server does for the one statement that may.
#include "query/erasure_actions.h"
#include "query/provider_server.h"

namespace neurolake::query {

Result<boost::json::value> ProviderServer::Erase(const std::string& action, const boost::json::object& arguments) {
  if (trail_ == nullptr) return Refused("an erasure without an audit log");
  if (erasure_ == nullptr) erasure_ = std::make_shared<ErasureInProgress>();
  return RunErasureAction({.ctx = ctx_,
                           .catalog = catalog_,
                           .trail = *trail_,
                           .statement = StatementId(statement_id_),
                           .staging_directory = policy_.staging_directory,
                           .erasure = *erasure_},
                          action, arguments);
}

bool ProviderServer::SeesForErasure(const TableId& table) const {
  return erasure_ != nullptr && erasure_->tables.contains(table);
}

bool ProviderServer::Erases(const TableId& table) const { return SeesForErasure(table) && !erasure_->dry_run; }

}  // namespace neurolake::query
