#pragma once
#include "metastore/internal/migrations.h"

namespace neurolake::metastore {

/// Steps of `Migrations()` for what governs data and those who read it. Each says which version it is.
Migration TagsAndPurposes();
Migration DataKeys();
Migration Identity();
Migration PolicyBundles();
Migration PersonalData();
Migration FunctionGrantsAndThresholds();
Migration Models();
Migration EncryptedColumns();
Migration DataSubjects();
Migration TagMinimumGroups();
Migration ObjectGrants();
Migration SemanticModels();
Migration Conversations();
Migration KeptAnswers();
Migration OneTableOfObjectGrants();
Migration PersonalDataRules();
Migration StatisticsHolds();

/// Of SemanticModels(), until OneTableOfObjectGrants() took its rows over.
inline constexpr std::string_view kSemanticModelGrants =
    R"(CREATE TABLE semantic_model_grants (
                securable_kind TEXT NOT NULL CHECK (securable_kind IN ('model', 'schema', 'lake')),
                securable_id TEXT NOT NULL,
                privilege TEXT NOT NULL CHECK (privilege IN ('usage', 'create')),
                grantee_kind TEXT NOT NULL,
                grantee_id TEXT NOT NULL,
                denied INTEGER NOT NULL,
                granted_by TEXT NOT NULL,
                created INTEGER NOT NULL,
                PRIMARY KEY (securable_kind, securable_id, privilege, grantee_kind, grantee_id)))";

}  // namespace neurolake::metastore
