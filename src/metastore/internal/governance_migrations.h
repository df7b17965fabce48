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

}  // namespace neurolake::metastore
