#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "retrieval/corpus.h"

namespace neurolake::retrieval {

/// Texts that somebody read as one just now: of a semantic model, of a schema's tables, of a document.
struct TextGroup {
  std::string name;  ///< "model:shop". Of one name the kVersionsMax used last are kept.
  std::vector<std::string> texts;
  PassageKind kind = PassageKind::kDescription;
};

struct TextHit {
  size_t group = 0;                                       ///< Of those that were given.
  size_t index = 0;                                       ///< Of its texts.
  double meaning = 0;                                     ///< Cosine; 0 without an embedder.
  double words = 0;                                       ///< BM25.
  double Score() const { return meaning + 0.1 * words; }  ///< As Corpus ranks.
};

struct TextQuery {
  std::span<const TextGroup> groups;  ///< All that may be looked at.
  std::string_view text;
  size_t limit = 1000;  ///< At most that.
  /// Whether vectors of the texts may be kept on the disk. Of what can be erased (rows of documents, questions of
  /// people) they may not.
  bool lasting = true;
};

struct TextIndexOptions {
  std::string folder;          ///< For the vectors. Made where it is not there. Empty: all is kept in memory.
  size_t texts_max = 200'000;  ///< Of all groups of one kind of keeping; those used longest ago go first.
  /// Makes the index of what lasts, which is emptied first. Null: it is in this process. Not used without an embedder,
  /// nor where another process has the folder: the index is its.
  std::function<Result<std::unique_ptr<VectorIndex>>(const EmbeddingModel&)> lasting_index = nullptr;
};

/// The index over what principals may know, for whom the texts are: whoever searches brings along the texts that they
/// may see, as they read them themselves, and finds those and no others. A group is known by a digest of its texts,
/// which is its label in the corpus; only who has the same texts has that label. So nothing that somebody else may see
/// is looked at, counted or ranked, whatever has been put in before; what is no longer what it was (a model that was
/// changed, a right that was taken) is another group; and no text is embedded twice for those who see the same.
///
/// Texts are in memory alone. Vectors of what lasts are kept in the folder, by digests of their texts, with the model's
/// name and dimension (VectorCache). Thread-safe.
class TextIndex {
 public:
  static constexpr size_t kVersionsMax = 16;
  static constexpr size_t kLimitMax = 1000;

  /// `embedder` null: texts are ranked by words alone. Errors: those of VectorCache::Open and `lasting_index`.
  static Result<std::unique_ptr<TextIndex>> Open(const RequestContext& ctx, TextIndexOptions options,
                                                 std::shared_ptr<const Embedder> embedder);
  ~TextIndex();

  /// The nearest of the given texts, best first, those of one score as they were given; none twice. Texts that are
  /// neither near nor share a word count, too: there are as many as the limit allows.
  /// Errors: those of Corpus::Add and Corpus::Search.
  Result<std::vector<TextHit>> Rank(const RequestContext& ctx, const TextQuery& query);

  /// Whether scores say something of meaning.
  bool has_meaning() const { return has_meaning_; }
  const EmbeddingModel& model() const;

 private:
  class Shelf;
  TextIndex();

  bool has_meaning_ = false;
  std::unique_ptr<Shelf> lasting_;
  std::unique_ptr<Shelf> passing_;
};

}  // namespace neurolake::retrieval
