#pragma once
#include "catalog/data_subjects.h"
#include "metastore/database.h"

namespace neurolake::catalog {

class StoreDataSubjects final : public DataSubjects {
 public:
  /// Borrows it.
  explicit StoreDataSubjects(metastore::Store& store) : store_(store) {}

  Result<void> AddSubject(const DataSubjectRecord& subject) override;
  Result<void> SetColumns(const std::string& subject_id, const std::vector<DataSubjectColumn>& columns) override;
  Result<void> DropSubject(const std::string& name) override;
  Result<std::optional<DataSubjectRecord>> FindSubject(const std::string& name) override;
  Result<std::vector<DataSubjectRecord>> ListSubjects() override;
  Result<void> AddSubjectGrant(const DataSubjectGrant& grant) override;
  Result<void> RemoveSubjectGrant(const DataSubjectGrant& grant) override;
  Result<std::vector<DataSubjectGrant>> SubjectGrants(const std::string& subject_id) override;
  Result<void> SaveErasure(const ErasureRecord& erasure) override;
  Result<std::optional<ErasureRecord>> FindErasure(const std::string& subject_id, const std::string& key_hash) override;
  Result<std::optional<ErasureRecord>> FindErasure(const std::string& id) override;
  Result<std::vector<ErasureRecord>> ListErasures() override;
  Result<std::vector<ErasureRecord>> ErasuresSince(WallTime time) override;
  Result<int64_t> EraseStatistics(const std::vector<TableId>& tables) override;
  Result<void> RaiseStatisticsFloor(const TableId& table, int64_t version) override;
  Result<void> HoldStatistics(const TableId& table, int64_t version, const std::string& hold) override;
  Result<void> ReleaseStatistics(const std::string& hold) override;
  Result<int64_t> ChangeStatementTexts(const std::function<bool(StatementText&)>& change) override;
  Result<int64_t> EraseEvents(const std::function<bool(const std::string&)>& holds) override;
  Result<int64_t> EraseLineageNames(const std::function<bool(const std::string&)>& holds) override;
  Result<int64_t> EraseKeptAnswers(bool erase) override;
  Result<std::vector<std::pair<std::string, int64_t>>> FindElsewhere(
      const std::function<bool(const std::string&)>& holds) override;
  Result<void> Scrub() override { return store_.Scrub(); }

 private:
  Result<std::vector<DataSubjectRecord>> ReadSubjects(const std::string& where, const std::string& value);
  Result<std::vector<ErasureRecord>> ReadErasures(const std::string& where,
                                                  const std::vector<metastore::Value>& values);

  metastore::Store& store_;
};

}  // namespace neurolake::catalog
