#include "tables/delta/reconciler.h"

#include <bit>
#include <cstring>

#include "tables/delta/file_path.h"

namespace neurolake::tables::delta {

namespace {

constexpr size_t kPlacesMin = 1024;

uint64_t Mix(uint64_t x) {
  x ^= x >> 30;
  x *= 0xBF58476D1CE4E5B9ULL;
  x ^= x >> 27;
  x *= 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

}  // namespace

FileKeySet::Hash FileKeySet::HashOf(std::string_view key) {
  Hash hash{.high = 0x9E3779B97F4A7C15ULL ^ key.size(), .low = 0xD1B54A32D192ED03ULL};
  for (size_t i = 0; i < key.size(); i += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, key.data() + i, std::min(sizeof(word), key.size() - i));
    hash.high = Mix(hash.high ^ word);
    hash.low = std::rotl(hash.low + word, 29) * 0xFF51AFD7ED558CCDULL;
  }
  hash.low = Mix(hash.low);
  if (hash == Hash{}) hash.low = 1;
  return hash;
}

size_t FileKeySet::Find(const Hash& hash) const {
  size_t place = hash.high & (places_.size() - 1);
  while (places_[place] != Hash{} && places_[place] != hash) place = (place + 1) & (places_.size() - 1);
  return place;
}

void FileKeySet::Grow(size_t places) {
  std::vector<Hash> old(places);
  old.swap(places_);
  for (const Hash& hash : old) {
    if (hash != Hash{}) places_[Find(hash)] = hash;
  }
}

void FileKeySet::Reserve(size_t count) {
  const size_t places = std::bit_ceil(std::max(kPlacesMin, count + count / 2 + 1));
  if (places > places_.size()) Grow(places);
}

bool FileKeySet::Insert(std::string_view key) {
  if (places_.size() * 2 <= count_ * 3) Grow(std::max(kPlacesMin, places_.size() * 2));
  const Hash hash = HashOf(key);
  const size_t place = Find(hash);
  if (places_[place] == hash) return false;
  places_[place] = hash;
  ++count_;
  return true;
}

bool FileKeySet::Contains(std::string_view key) const {
  if (empty()) return false;
  const Hash hash = HashOf(key);
  return places_[Find(hash)] == hash;
}

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
  if (order_ == Order::kNewestFirst) {
    log_.files.Reserve(file_count);
    seen_.Reserve(file_count);
  } else {
    files_.reserve(file_count);
    active_.reserve(file_count);
    retired_.reserve(file_count);
  }
}

void Reconciler::Apply(CommitActions actions) {
  if (order_ == Order::kNewestFirst) {
    ApplyPart(std::move(actions));
    EndParts();
  } else {
    ApplyNewer(std::move(actions));
  }
  any_applied_ = true;
}

void Reconciler::ApplyPart(CommitActions part) {
  NL_CHECK(order_ == Order::kNewestFirst);
  if (!any_applied_) log_.in_commit_timestamp_ms = part.in_commit_timestamp_ms;
  any_applied_ = true;
  if (!log_.protocol.has_value()) log_.protocol = std::move(part.protocol);
  if (!log_.metadata.has_value()) log_.metadata = std::move(part.metadata);
  for (SetTransaction& transaction : part.transactions) {
    log_.transactions.try_emplace(transaction.app_id, transaction);
  }
  for (DomainMetadata& domain : part.domains) log_.domains.try_emplace(domain.domain, domain);
  for (const AddFile& add : part.adds) {
    if (seen_.Insert(FileKey(add.path, add.deletion_vector))) log_.files.Add(add);
  }
  for (const RemoveFile& remove : part.removes) removed_.push_back(FileKey(remove.path, remove.deletion_vector));
}

void Reconciler::EndParts() {
  // Adds first: should one commit wrongly remove and add the same logical file, it stays.
  for (const std::string& key : removed_) seen_.Insert(key);
  removed_.clear();
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
    auto [entry, inserted] = active_.try_emplace(FileKey(add.path, add.deletion_vector), files_.size());
    if (inserted) {
      files_.push_back(std::move(add));
      retired_.push_back(false);
    } else {
      files_[entry->second] = std::move(add);
    }
  }
}

std::vector<uint32_t> Reconciler::ApplyBase(const ReplayedLog& base) {
  NL_CHECK(order_ == Order::kNewestFirst);
  if (!any_applied_) log_.in_commit_timestamp_ms = base.in_commit_timestamp_ms;
  if (!log_.protocol.has_value()) log_.protocol = base.protocol;
  if (!log_.metadata.has_value()) log_.metadata = base.metadata;
  log_.transactions.insert(base.transactions.begin(), base.transactions.end());
  log_.domains.insert(base.domains.begin(), base.domains.end());
  std::vector<uint32_t> left;
  left.reserve(base.files.size());
  log_.files.AddFrom(base.files, [&](size_t i) {
    const bool keep = seen_.empty() || !seen_.Contains(base.files.Key(i));
    if (keep) left.push_back(static_cast<uint32_t>(i));
    return keep;
  });
  any_applied_ = true;
  return left;
}

ReplayedLog Reconciler::Finish() && {
  std::erase_if(log_.domains, [](const auto& entry) { return entry.second.removed; });
  for (size_t i = 0; i < files_.size(); ++i) {
    if (!retired_[i]) log_.files.Add(files_[i]);
  }
  return std::move(log_);
}

}  // namespace neurolake::tables::delta
