#pragma once
#include <memory>
#include <string>

#include "common/settings.h"
#include "models/chat.h"
#include "retrieval/text_index.h"

namespace neurolake::discovery {

/// The index of texts of the lake that `settings` are of, in its folder `retrieval`, with the embedder that
/// retrieval.embeddings names, and vectors of what lasts where retrieval.index says; `program` is this binary: the
/// table of word embeddings is beside it. Without the table, and where a model does not answer, texts are compared by
/// words alone, and where the server of vectors does not, they are searched in this process, which the log says.
/// Errors: kInvalidArgument and what else is wrong with a setting, naming it; those of TextIndex::Open.
Result<std::shared_ptr<retrieval::TextIndex>> OpenTexts(const RequestContext& ctx, const Settings& settings,
                                                        const std::string& program);

/// A model of another kind as an embedder; `id` goes into the index. Asks it for one vector, whose length is the
/// dimension. Errors: as EmbeddingModel::Embed.
Result<std::unique_ptr<retrieval::Embedder>> EmbedderOf(const RequestContext& ctx, std::string id,
                                                        std::shared_ptr<const models::EmbeddingModel> model);

}  // namespace neurolake::discovery
