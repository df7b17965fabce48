#include "optimizer/memory_model.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <vector>

namespace neurolake::optimizer {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::infinity();

template <size_t N>
bool IsOneOf(std::string_view name, const std::string_view (&names)[N]) {
  return std::ranges::find(names, name) != std::end(names);
}

/// Aggregates whose state does not grow with their input. Any other may collect every value.
bool HasSmallState(std::string_view function) {
  static constexpr std::string_view kSmall[] = {"any_value",
                                                "approx_count_distinct",
                                                "arg_max",
                                                "arg_min",
                                                "arbitrary",
                                                "avg",
                                                "bit_and",
                                                "bit_or",
                                                "bit_xor",
                                                "bool_and",
                                                "bool_or",
                                                "corr",
                                                "count",
                                                "count_if",
                                                "count_star",
                                                "countif",
                                                "covar_pop",
                                                "covar_samp",
                                                "favg",
                                                "first",
                                                "fsum",
                                                "kurtosis",
                                                "last",
                                                "max",
                                                "max_by",
                                                "mean",
                                                "min",
                                                "min_by",
                                                "product",
                                                "skewness",
                                                "stddev",
                                                "stddev_pop",
                                                "stddev_samp",
                                                "sum",
                                                "sum_no_overflow",
                                                "sumkahan",
                                                "var_pop",
                                                "var_samp",
                                                "variance"};
  return IsOneOf(function, kSmall);
}

bool CollectsValues(const plan::PlanDigest& digest) {
  return std::ranges::any_of(digest.functions, [](const plan::FunctionUse& use) {
    return use.kind == "aggregate" && !HasSmallState(use.name);
  });
}

/// What reaches an operator from below, in bytes.
struct Input {
  double sum = 0;
  double largest = 0;
  double first = 0;
};

class MemoryModel {
 public:
  explicit MemoryModel(const plan::PlanDigest& digest)
      : digest_(digest), inputs_(digest.tree.size()), collects_(CollectsValues(digest)) {}

  double Estimate() {
    // Children stand behind their parents.
    for (size_t i = digest_.tree.size(); i-- > 0;) {
      const plan::OperatorDigest& node = digest_.tree[i];
      widest_ = std::max(widest_, node.vector_row_bytes);
      const double out = Pass(node, inputs_[i]);
      if (node.parent < 0) continue;
      Input& above = inputs_[static_cast<size_t>(node.parent)];
      above.sum += out;
      above.largest = std::max(above.largest, out);
      // The last one to come is the first child.
      above.first = out;
    }
    return held_;
  }
  /// Known once the rest was estimated.
  double Vectors() const {
    const double bytes = static_cast<double>(widest_) * kVectorRows * kVectorsHeld;
    return bytes > kVectorBytesFree ? bytes : 0;
  }

 private:
  /// Adds what the operator holds; gives what it passes on.
  double Pass(const plan::OperatorDigest& node, const Input& in) {
    static constexpr std::string_view kBuildingJoins[] = {"ANY_JOIN", "ASOF_JOIN", "COMPARISON_JOIN", "CROSS_PRODUCT",
                                                          "JOIN"};
    static constexpr std::string_view kHolding[] = {"DELIM_JOIN", "DEPENDENT_JOIN", "DISTINCT",        "EXCEPT",
                                                    "INTERSECT",  "ORDER_BY",       "POSITIONAL_JOIN", "WINDOW"};
    static constexpr std::string_view kWriting[] = {"CREATE_TABLE", "DELETE", "INSERT", "MERGE_INTO", "UPDATE"};
    if (node.name == "GET") return Read(node);
    if (node.name == "EXPRESSION_GET") {
      rows_made_ += static_cast<double>(node.rows);
      return static_cast<double>(node.rows * node.row_bytes);
    }
    if (node.name == "AGGREGATE") return Aggregate(node, in);
    if (node.name == "UNNEST") return in.sum * kUnnestedRows;
    if (node.name == "REC_CTE") held_ = kUnknown;
    if (node.name == "CTE") held_ += in.first;
    if (IsOneOf(node.name, kBuildingJoins)) held_ += in.sum == kUnknown ? kUnknown : in.sum - in.largest;
    if (IsOneOf(node.name, kHolding)) held_ += in.sum;
    if (IsOneOf(node.name, kWriting)) {
      held_ += std::min(in.sum, static_cast<double>(kWriteBufferBytesMax));
      // Rows that a function makes may be wider than what it gives.
      const double made = rows_made_ * (static_cast<double>(widest_) + kTextBytes);
      if (node.keeps_rows) held_ += std::max(in.sum, made) * kCopiesOfWaitingRows;
    }
    return in.sum;
  }

  double Read(const plan::OperatorDigest& node) {
    if (node.scan < 0) {
      rows_made_ += static_cast<double>(std::max<int64_t>(0, node.rows));
      return node.rows < 0 ? kUnknown : static_cast<double>(node.rows) * node.row_bytes;
    }
    const int64_t bytes = digest_.scans[static_cast<size_t>(node.scan)].bytes_kept;
    const double unpacked = bytes < 0 ? kUnknown : static_cast<double>(bytes) * kUnpackedPerFileByte;
    held_ += std::min(unpacked, static_cast<double>(kScanBufferBytesMax));
    return unpacked;
  }

  double Aggregate(const plan::OperatorDigest& node, const Input& in) {
    if (!node.keeps_rows && !collects_) return 0;
    held_ += in.sum;
    return in.sum / 2;
  }

  const plan::PlanDigest& digest_;
  std::vector<Input> inputs_;
  const bool collects_;
  double held_ = 0;
  double rows_made_ = 0;  ///< By sources that are no tables.
  int64_t widest_ = 0;
};

}  // namespace

int64_t EstimateMemory(const plan::PlanDigest& digest) {
  MemoryModel model(digest);
  const double held = model.Estimate();
  if (held == kUnknown) return kMemoryUnknown;
  constexpr double kLargest = 9.0e18;  // Below the largest int64_t, so that the cast is defined.
  const double all = std::max(static_cast<double>(kMemoryFloorBytes), held) + model.Vectors();
  return static_cast<int64_t>(std::min(all, kLargest));
}

}  // namespace neurolake::optimizer
