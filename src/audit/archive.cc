// Closed segments go to the archive.
#include "audit/archive.h"

#include "audit/audit_log.h"
#include "audit/internal/segments.h"

namespace neurolake::audit {

void AuditLog::UseArchive(Archive& archive) {
  archive_ = &archive;
  segments_->UseArchive(archive);
}

Result<bool> AuditLog::ArchiveNext(const ArchiveRule& rule) {
  if (archive_ == nullptr) return false;
  uint64_t signed_records = 0;
  {
    std::lock_guard lock(checkpoint_mutex_);
    signed_records = checkpoint_.size;
  }
  NL_ASSIGN_OR_RETURN(const auto closed, segments_->NextToArchive(rule, signed_records));
  if (!closed) return false;
  NL_RETURN_IF_ERROR(segments_->CopyToArchive(*closed, *archive_));
  NL_RETURN_IF_ERROR(Append({.type = RecordType::kChange,
                             .time = clock_.Now(),
                             .action = "archive_audit_segment",
                             .details = {{"segment", closed->name},
                                         {"records", std::to_string(options_.records_per_segment)},
                                         {"bytes", std::to_string(closed->bytes)},
                                         {"place", archive_->place()}}}));
  NL_RETURN_IF_ERROR(segments_->RemoveArchived(*closed));
  std::lock_guard lock(mutex_);
  ++counters_.archived;
  return true;
}

}  // namespace neurolake::audit
