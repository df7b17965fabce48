#include "tables/delta/reconciler.h"

#include "tables/delta/file_path.h"

namespace neurolake::tables::delta {

std::string FileKey(std::string_view path, const std::optional<DeletionVectorDescriptor>& deletion_vector) {
  std::string key(path);
  if (key.contains('%')) {
    // An undecodable path stays as it is: it fails, with a good message, when the file is opened.
    if (auto decoded = DecodePath(path); decoded.has_value()) key = std::move(*decoded);
  }
  if (deletion_vector.has_value()) {
    key += '\0';
    key += deletion_vector->UniqueId();
  }
  return key;
}

void Reconciler::Reserve(size_t file_count) {
  log_.files.files.reserve(file_count);
  if (order_ == Order::kNewestFirst) {
    seen_.reserve(file_count);
  } else {
    active_.reserve(file_count);
    retired_.reserve(file_count);
  }
}

void Reconciler::Apply(CommitActions actions) {
  if (order_ == Order::kNewestFirst) {
    ApplyOlder(std::move(actions));
  } else {
    ApplyNewer(std::move(actions));
  }
  any_applied_ = true;
}

void Reconciler::ApplyOlder(CommitActions actions) {
  if (!any_applied_) log_.in_commit_timestamp_ms = actions.in_commit_timestamp_ms;
  if (!log_.protocol.has_value()) log_.protocol = std::move(actions.protocol);
  if (!log_.metadata.has_value()) log_.metadata = std::move(actions.metadata);
  for (SetTransaction& transaction : actions.transactions) {
    log_.transactions.try_emplace(transaction.app_id, transaction);
  }
  for (DomainMetadata& domain : actions.domains) log_.domains.try_emplace(domain.domain, domain);
  // Adds first: should one commit wrongly remove and add the same logical file, it stays.
  for (AddFile& add : actions.adds) {
    if (seen_.insert(FileKey(add.path, add.deletion_vector)).second) log_.files.files.push_back(std::move(add));
  }
  for (const RemoveFile& remove : actions.removes) seen_.insert(FileKey(remove.path, remove.deletion_vector));
}

void Reconciler::ApplyNewer(CommitActions actions) {
  log_.in_commit_timestamp_ms = actions.in_commit_timestamp_ms;
  if (actions.protocol.has_value()) log_.protocol = std::move(actions.protocol);
  if (actions.metadata.has_value()) log_.metadata = std::move(actions.metadata);
  for (SetTransaction& transaction : actions.transactions) {
    log_.transactions.insert_or_assign(transaction.app_id, transaction);
  }
  for (DomainMetadata& domain : actions.domains) log_.domains.insert_or_assign(domain.domain, domain);
  for (const RemoveFile& remove : actions.removes) {
    auto found = active_.find(FileKey(remove.path, remove.deletion_vector));
    if (found == active_.end()) continue;
    retired_[found->second] = true;
    active_.erase(found);
  }
  for (AddFile& add : actions.adds) {
    auto [entry, inserted] = active_.try_emplace(FileKey(add.path, add.deletion_vector), log_.files.files.size());
    if (inserted) {
      log_.files.files.push_back(std::move(add));
      retired_.push_back(false);
    } else {
      log_.files.files[entry->second] = std::move(add);
    }
  }
}

void Reconciler::ApplyBase(const ReplayedLog& base) {
  NL_CHECK(order_ == Order::kNewestFirst);
  if (!any_applied_) log_.in_commit_timestamp_ms = base.in_commit_timestamp_ms;
  if (!log_.protocol.has_value()) log_.protocol = base.protocol;
  if (!log_.metadata.has_value()) log_.metadata = base.metadata;
  log_.transactions.insert(base.transactions.begin(), base.transactions.end());
  log_.domains.insert(base.domains.begin(), base.domains.end());
  log_.files.files.reserve(log_.files.files.size() + base.files.files.size());
  for (const AddFile& add : base.files.files) {
    if (seen_.empty() || !seen_.contains(FileKey(add.path, add.deletion_vector))) log_.files.files.push_back(add);
  }
  any_applied_ = true;
}

ReplayedLog Reconciler::Finish() && {
  std::erase_if(log_.domains, [](const auto& entry) { return entry.second.removed; });
  if (order_ == Order::kOldestFirst) {
    std::vector<AddFile>& files = log_.files.files;
    size_t kept = 0;
    for (size_t i = 0; i < files.size(); ++i) {
      if (retired_[i]) continue;
      if (kept != i) files[kept] = std::move(files[i]);
      ++kept;
    }
    files.resize(kept);
  }
  return std::move(log_);
}

}  // namespace neurolake::tables::delta
