#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "common/result.h"

namespace neurolake::catalog {

struct TableRecord;

/// A tag of a table or view, or of one of its columns. Tags go by ids: renames keep them, DROP and CREATE do not.
struct TagRecord {
  std::string relation_id;
  std::string column;  ///< What the table's files call it; of a view its name; empty: the tag is the relation's own.
                       ///< Of a field inside of a column the way to it (common/field_path.h).
  std::string label;   ///< The column's name, or the way by names, when it was tagged.
  std::string tag;     ///< Lower case.
  std::string value;   ///< May be empty.
  std::string set_by;
  WallTime created;
};

/// What a policy or a list of purposes goes by: objects with the tag, whatever its value, or with this one. Values are
/// compared without ASCII case, so that another spelling is no way around a policy.
struct TagPattern {
  bool of_columns = false;  ///< A tag of a column; else of the table.
  std::string tag;
  std::optional<std::string> value = std::nullopt;
};

/// Whether `pattern` means `tag`.
bool Matches(const TagPattern& pattern, const TagRecord& tag);

/// CREATE ROW POLICY and CREATE MASK POLICY by tag. `plan` is JSON, written and read by query/ alone.
struct TagPolicyRecord {
  std::string id;
  SchemaId schema;   ///< Empty: for the whole lake.
  std::string name;  ///< Lower case; one of the lake's.
  std::string kind;  ///< "row" or "mask".
  TagPattern on;
  std::string definition;
  std::string plan;
  std::string created_by;
  WallTime created;
};

/// What a statement may be declared to be for.
struct PurposeRecord {
  std::string id;
  std::string name;  ///< Lower case.
  std::string comment;
  WallTime created;
};

/// GRANT USE PURPOSE.
struct PurposeGrantRecord {
  std::string purpose;       ///< Its name.
  std::string grantee_kind;  ///< "public", "user", "group" or "role".
  std::string grantee_id;
  std::string granted_by;
  WallTime created;
};

/// A list of purposes: only statements for one of them read the object.
struct AllowedPurposes {
  TableId table;                                    ///< Empty: of what has the tag.
  std::string tag = {};                             ///< Of a table or one of its columns.
  std::optional<std::string> value = std::nullopt;  ///< In lower case; nullopt: any.
  std::vector<std::string> purposes = {};           ///< Names, sorted.
};

/// The least that an aggregate over a table is made of, for who reads it for a purpose.
struct MinimumGroup {
  TableId table;            ///< Empty: of every table with `tag`, its own or a column's.
  std::string purpose;      ///< Its name; a table, and a tag, has one of each.
  int64_t size = 0;         ///< Rows, or different values of `column`; at least 2.
  std::string column = {};  ///< What the table's files call it; empty: rows are counted.
  std::string label = {};   ///< Its name when the rule was made.
  std::string tag = {};
  std::optional<std::string> value = std::nullopt;  ///< Of the tag, in lower case; nullopt: any.
  std::string entity_tag = {};                      ///< Of a rule by tag: the values of columns with it are counted.
};

/// Leave to see a table past its policies for a while: asked for by who needs it, given by somebody else.
struct BreakGlassRecord {
  std::string id;
  TableId table;
  PrincipalId principal;
  std::string reason;
  int64_t minutes = 0;  ///< From the moment it is given.
  WallTime requested;
  std::string approved_by = {};  ///< Empty: by nobody yet.
  std::optional<WallTime> expires = std::nullopt;
  std::string ended_by = {};
  std::optional<WallTime> ended = std::nullopt;
};

/// A change of the tags of one relation, all of it or nothing.
struct TagChange {
  std::string relation_id;
  std::vector<TagRecord> set;
  std::vector<std::pair<std::string, std::string>> unset;  ///< Column (empty: the relation's) and tag.
  /// Whether a tag may go, or get another value, that a policy or a list of purposes stands on.
  bool may_weaken = false;
  /// What is inherited only adds: a tag that is there keeps its value, and no conflict of masks is refused.
  bool only_add = false;
  /// The tags accept what a scan proposed: those that nobody proposes any more are left out, and one that is there
  /// keeps its value.
  bool of_proposals = false;
  std::string decided_by = {};  ///< Of proposals: "rule <name>"; empty: who sets the tag.
};

/// Tags, policies by tag, purposes, and attributes of principals. Part of Catalog, whose rules of names and errors
/// hold. Nothing is cached.
class TagCatalog {
 public:
  virtual ~TagCatalog() = default;

  /// Errors: kNotFound for a relation that is not there, and for a tag to be unset that it does not have;
  /// kPermissionDenied where a policy or a list of purposes would lose its object and the change may not weaken;
  /// kAlreadyExists where a column would get a second mask; kInvalidArgument for a name or value too long, and beyond
  /// kTagsMax of one relation.
  static constexpr int64_t kTagsMax = 1000;
  static constexpr size_t kTagValueBytesMax = 1000;
  virtual Result<void> ChangeTags(const TagChange& change) = 0;
  /// Of the relation and its columns, by column and name.
  virtual Result<std::vector<TagRecord>> TagsOf(const std::string& relation_id) = 0;
  /// Of all relations that have a name.
  virtual Result<std::vector<TagRecord>> ListTags() = 0;
  /// For a clone, which keeps what its source's files call the columns: adds the source's tags and lists of purposes.
  virtual Result<void> CopyTags(const TableId& source, const TableId& clone) = 0;

  struct TagPolicyOptions {
    bool or_replace = false;
    bool if_any = false;  ///< It need not match anything yet.
  };
  static constexpr int64_t kTagPoliciesMax = 10'000;
  /// Errors: kAlreadyExists, also where a column would have a second mask; kNotFound where nothing has the tag.
  virtual Result<void> AddTagPolicy(const TagPolicyRecord& policy, const TagPolicyOptions& options) = 0;
  /// Errors: kNotFound.
  virtual Result<void> DropTagPolicy(const std::string& kind, const std::string& name) = 0;
  virtual Result<std::vector<TagPolicyRecord>> ListTagPolicies() = 0;
  /// Those that a relation's tags bring, in the schema it is in now.
  virtual Result<std::vector<TagPolicyRecord>> TagPoliciesOf(const std::string& relation_id) = 0;
  /// Tags of tables that `on` means within `schema` (empty: everywhere).
  virtual Result<std::vector<TagRecord>> TagsMatching(const TagPattern& on, const SchemaId& schema) = 0;

  /// Errors: kAlreadyExists.
  virtual Result<void> CreatePurpose(const std::string& name, const std::string& comment) = 0;
  /// With what was granted. Errors: kNotFound; kDependentObjects while something is allowed for it alone or among
  /// others.
  virtual Result<void> DropPurpose(const std::string& name) = 0;
  virtual Result<std::vector<PurposeRecord>> ListPurposes() = 0;
  /// `granted` false: takes it back, no error where there is nothing. Errors: kNotFound for the purpose.
  virtual Result<void> GrantPurpose(const PurposeGrantRecord& grant, bool granted) = 0;
  /// Of one purpose, or of all (empty).
  virtual Result<std::vector<PurposeGrantRecord>> ListPurposeGrants(const std::string& purpose) = 0;
  /// In the place of what was allowed; without purposes the list goes. Errors: kNotFound for a purpose; for a table.
  virtual Result<void> SetAllowedPurposes(const AllowedPurposes& allowed) = 0;
  /// All lists that a table is subject to, by itself and by tags of its own and of its columns.
  virtual Result<std::vector<AllowedPurposes>> AllowedPurposesOf(const TableId& table) = 0;
  virtual Result<std::vector<AllowedPurposes>> ListAllowedPurposes() = 0;

  /// In the place of the table's, or the tag's, of that purpose; a size of 0 takes it away. Errors: kNotFound for the
  /// purpose or the table; kInvalidArgument for another size below 2 or above kMinimumGroupMax.
  static constexpr int64_t kMinimumGroupMax = 1'000'000;
  virtual Result<void> SetMinimumGroup(const MinimumGroup& group) = 0;
  /// All that a table is subject to, by itself and by tags of its own and of its columns.
  virtual Result<std::vector<MinimumGroup>> MinimumGroupsOf(const TableId& table) = 0;

  /// Of a table that has a name. Errors: kInvalidArgument for none or more than kBreakGlassMinutesMax minutes, no
  /// reason, and beyond kBreakGlassPendingMax that nobody has answered.
  static constexpr int64_t kBreakGlassMinutesMax = 480;
  static constexpr int64_t kBreakGlassPendingMax = 10;
  static constexpr std::chrono::hours kBreakGlassAnswerWithin{24};
  virtual Result<void> RequestBreakGlass(const BreakGlassRecord& request) = 0;
  /// From now on it holds. Errors: kNotFound for what nobody asked for, or longer ago than kBreakGlassAnswerWithin, or
  /// was answered already; kPermissionDenied for one's own.
  virtual Result<void> ApproveBreakGlass(const std::string& id, const PrincipalId& approver,
                                         const std::string& approver_name) = 0;
  /// It holds no longer, or never will; whoever asked may, too. Errors: kNotFound, also where it has ended.
  virtual Result<void> EndBreakGlass(const std::string& id, const std::string& ended_by) = 0;
  /// Newest first, ended ones too.
  virtual Result<std::vector<BreakGlassRecord>> ListBreakGlass() = 0;
  /// The id of one that holds now.
  virtual Result<std::optional<std::string>> ActiveBreakGlass(const TableId& table, const PrincipalId& principal) = 0;

  /// Names in lower case. Errors: kNotFound for the principal.
  virtual Result<void> ChangeAttributes(const std::string& principal_name,
                                        const std::vector<std::pair<std::string, std::string>>& set,
                                        const std::vector<std::string>& unset) = 0;
  /// (name, value), by name.
  virtual Result<std::vector<std::pair<std::string, std::string>>> AttributesOf(const PrincipalId& principal) = 0;
};

}  // namespace neurolake::catalog
