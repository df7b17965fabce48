#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "catalog/catalog.h"
#include "common/request_context.h"
#include "query/audit_trail.h"
#include "query/erase_models.h"
#include "query/subject_mentions.h"

namespace neurolake::query {

/// How many places beside tables' rows name a subject.
struct SubjectTraces {
  int64_t constants = 0;       ///< Of statements in the audit log.
  int64_t statements = 0;      ///< Texts of system.queries.
  int64_t kept_answers = 0;    ///< Of language models.
  int64_t statistics = 0;      ///< Of tables: what ANALYZE and expectations keep of values.
  int64_t events = 0;          ///< That wait for delivery.
  int64_t lineage = 0;         ///< Names of files.
  int64_t questions = 0;       ///< In plain language, and feedback on their answers.
  ModelTraces models = {};     ///< Semantic ones.
  int64_t uploads = 0;         ///< Staged files that hold it.
  int64_t uploads_unread = 0;  ///< Staged files in a form in which nobody can tell by looking at bytes.
  /// What else of the metadata store holds an identifier, and stays: definitions, names, comments; by table of it.
  std::vector<std::pair<std::string, int64_t>> elsewhere = {};
};

struct TraceSearch {
  const RequestContext& ctx;
  catalog::Catalog& catalog;
  AuditTrail& trail;
  const SubjectMentions& mentions;
  std::vector<TableId> tables;           ///< Whose statements may name the subject by a plain number.
  std::vector<std::string> table_names;  ///< "schema.name" of each.
  std::string staging_directory;         ///< Empty: there are no uploads.
  bool erase = false;                    ///< False: only counts. Statistics are counted by erasing alone.
};

/// Looks through the whole audit log, the statement history, and what else the lake keeps, and takes out what names the
/// subject: keys of constants are destroyed, texts replaced. Again it finds nothing. Errors: those of the log, the
/// store and the file system; what was done stays done.
Result<SubjectTraces> FindTraces(const TraceSearch& search);

}  // namespace neurolake::query
