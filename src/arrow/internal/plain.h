#pragma once
#include "arrow/batch.h"

namespace neurolake::arrow {

// What the IPC encoder can carry is "plain": no dictionaries, no string views, no arrays that start in the middle of
// their buffers. These functions turn anything else into it.

/// Errors: kNotSupported naming the column and its type when IPC or our text forms cannot carry it (unions, run-end
/// encoding, list views); kInvalidArgument for a format string that is none.
Result<void> CheckTypes(const ArrowSchema* schema);

/// No dictionary and no view anywhere.
bool IsPlain(const ArrowSchema* schema);
/// A copy with dictionaries replaced by their value type, views by ordinary strings, and missing names by empty ones.
Result<Schema> MakePlain(const Schema& schema);

/// No array of the tree has an offset.
bool StartsAtZero(const ArrowArray* array);
/// Copies `batch` (of `schema`) into arrays of `plain`, which is MakePlain(schema). O(bytes).
/// Errors: kNotSupported for a dictionary of anything but strings, or strings above 2 GiB in one batch.
Result<Batch> CopyPlain(const Schema& schema, const Schema& plain, const Batch& batch);

/// Owns an ArrowArrayView.
class ArrayView {
 public:
  ArrayView() { ArrowArrayViewInitFromType(&view_, NANOARROW_TYPE_UNINITIALIZED); }
  ~ArrayView() { ArrowArrayViewReset(&view_); }
  ArrayView(const ArrayView&) = delete;
  ArrayView& operator=(const ArrayView&) = delete;
  ArrowArrayView* get() { return &view_; }

 private:
  ArrowArrayView view_{};
};

}  // namespace neurolake::arrow
