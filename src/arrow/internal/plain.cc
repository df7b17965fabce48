#include "arrow/internal/plain.h"

#include <cstring>
#include <limits>

namespace neurolake::arrow {
namespace {

bool IsViewFormat(const char* format) { return std::strcmp(format, "vu") == 0 || std::strcmp(format, "vz") == 0; }

// nanoarrow's codes are errno values; what can go wrong while copying valid arrays is memory alone.
Result<void> Check(int code) {
  if (code == NANOARROW_OK) return {};
  return MakeError(ErrorCode::kOutOfMemory, "memory ran out while copying Arrow arrays");
}

Result<void> ReplaceByPlain(ArrowSchema* schema) {
  if (schema->name == nullptr) NL_RETURN_IF_ERROR(Check(ArrowSchemaSetName(schema, "")));
  if (schema->dictionary != nullptr) {
    NL_RETURN_IF_ERROR(Check(ArrowSchemaSetFormat(schema, schema->dictionary->format)));
    ArrowSchemaRelease(schema->dictionary);
    ArrowFree(schema->dictionary);
    schema->dictionary = nullptr;
  }
  if (IsViewFormat(schema->format)) {
    const std::string format(schema->format + 1);
    NL_RETURN_IF_ERROR(Check(ArrowSchemaSetFormat(schema, format.c_str())));
  }
  for (int64_t i = 0; i < schema->n_children; ++i) NL_RETURN_IF_ERROR(ReplaceByPlain(schema->children[i]));
  return {};
}

Result<void> CopyValidity(const ArrowArrayView* view, int64_t start, int64_t length, ArrowArray* out) {
  out->length = length;
  out->null_count = 0;
  if (view->storage_type == NANOARROW_TYPE_NA) {
    out->null_count = length;
    return {};
  }
  ArrowBitmap* bitmap = ArrowArrayValidityBitmap(out);
  for (int64_t i = 0; i < length; ++i) {
    bool is_null = ArrowArrayViewIsNull(view, start + i) != 0;
    if (!is_null && view->dictionary != nullptr) {
      is_null = ArrowArrayViewIsNull(view->dictionary, ArrowArrayViewGetIntUnsafe(view, start + i)) != 0;
    }
    if (is_null && out->null_count++ == 0) {
      NL_RETURN_IF_ERROR(Check(ArrowBitmapReserve(bitmap, length)));
      ArrowBitmapAppendUnsafe(bitmap, 1, i);
    }
    if (out->null_count > 0) ArrowBitmapAppendUnsafe(bitmap, is_null ? 0 : 1, 1);
  }
  return {};
}

Result<void> CopyFixedWidth(const ArrowArrayView* view, int64_t start, int64_t length, ArrowArray* out) {
  const int64_t width = view->layout.element_size_bits[1] / 8;
  const uint8_t* data = view->buffer_views[1].data.as_uint8;
  return Check(ArrowBufferAppend(ArrowArrayBuffer(out, 1), data + (view->offset + start) * width, length * width));
}

Result<void> CopyBooleans(const ArrowArrayView* view, int64_t start, int64_t length, ArrowArray* out) {
  ArrowBuffer* bits = ArrowArrayBuffer(out, 1);
  NL_RETURN_IF_ERROR(Check(ArrowBufferResize(bits, (length + 7) / 8, 0)));
  if (bits->size_bytes > 0) std::memset(bits->data, 0, static_cast<size_t>(bits->size_bytes));
  for (int64_t i = 0; i < length; ++i) {
    if (ArrowBitGet(view->buffer_views[1].data.as_uint8, view->offset + start + i)) ArrowBitSet(bits->data, i);
  }
  return {};
}

// Strings of every layout, and dictionaries of strings, to offsets of type Offset and one data buffer.
template <typename Offset>
Result<void> CopyStrings(const ArrowArrayView* view, int64_t start, int64_t length, ArrowArray* out) {
  ArrowBuffer* offsets = ArrowArrayBuffer(out, 1);
  ArrowBuffer* data = ArrowArrayBuffer(out, 2);
  // The builder starts an offsets buffer with its leading zero; this code writes all of them.
  NL_RETURN_IF_ERROR(Check(ArrowBufferResize(offsets, (length + 1) * static_cast<int64_t>(sizeof(Offset)), 0)));
  auto* written = reinterpret_cast<Offset*>(offsets->data);
  written[0] = 0;
  for (int64_t i = 0; i < length; ++i) {
    if (!ArrowArrayViewIsNull(view, start + i)) {
      const ArrowArrayView* values = view;
      int64_t index = start + i;
      if (view->dictionary != nullptr) {
        values = view->dictionary;
        index = ArrowArrayViewGetIntUnsafe(view, index);
      }
      if (!ArrowArrayViewIsNull(values, index)) {
        const ArrowBufferView bytes = ArrowArrayViewGetBytesUnsafe(values, index);
        NL_RETURN_IF_ERROR(Check(ArrowBufferAppend(data, bytes.data.data, bytes.size_bytes)));
      }
    }
    if (data->size_bytes > std::numeric_limits<Offset>::max()) {
      return MakeError(ErrorCode::kNotSupported, "strings of one batch exceed what a string column holds");
    }
    written[i + 1] = static_cast<Offset>(data->size_bytes);
  }
  return {};
}

Result<void> CopyRange(const ArrowArrayView* view, int64_t start, int64_t length, ArrowArray* out);

template <typename Offset>
Result<void> CopyList(const ArrowArrayView* view, int64_t start, int64_t length, ArrowArray* out) {
  ArrowBuffer* offsets = ArrowArrayBuffer(out, 1);
  NL_RETURN_IF_ERROR(Check(ArrowBufferResize(offsets, (length + 1) * static_cast<int64_t>(sizeof(Offset)), 0)));
  auto* written = reinterpret_cast<Offset*>(offsets->data);
  written[0] = 0;
  const auto* source = static_cast<const Offset*>(view->buffer_views[1].data.data);
  if (length == 0) return CopyRange(view->children[0], 0, 0, out->children[0]);
  source += view->offset + start;
  for (int64_t i = 0; i <= length; ++i) written[i] = static_cast<Offset>(source[i] - source[0]);
  return CopyRange(view->children[0], source[0], source[length] - source[0], out->children[0]);
}

Result<void> CopyRange(const ArrowArrayView* view, int64_t start, int64_t length, ArrowArray* out) {
  NL_RETURN_IF_ERROR(CopyValidity(view, start, length, out));
  if (view->dictionary != nullptr) return CopyStrings<int32_t>(view, start, length, out);
  switch (view->storage_type) {
    case NANOARROW_TYPE_NA: return {};
    case NANOARROW_TYPE_BOOL: return CopyBooleans(view, start, length, out);
    case NANOARROW_TYPE_STRING:
    case NANOARROW_TYPE_BINARY:
    case NANOARROW_TYPE_STRING_VIEW:
    case NANOARROW_TYPE_BINARY_VIEW: return CopyStrings<int32_t>(view, start, length, out);
    case NANOARROW_TYPE_LARGE_STRING:
    case NANOARROW_TYPE_LARGE_BINARY: return CopyStrings<int64_t>(view, start, length, out);
    case NANOARROW_TYPE_LIST:
    case NANOARROW_TYPE_MAP: return CopyList<int32_t>(view, start, length, out);
    case NANOARROW_TYPE_LARGE_LIST: return CopyList<int64_t>(view, start, length, out);
    case NANOARROW_TYPE_FIXED_SIZE_LIST: {
      const int64_t size = view->layout.child_size_elements;
      return CopyRange(view->children[0], (view->offset + start) * size, length * size, out->children[0]);
    }
    case NANOARROW_TYPE_STRUCT:
      for (int64_t i = 0; i < view->n_children; ++i) {
        NL_RETURN_IF_ERROR(CopyRange(view->children[i], view->offset + start, length, out->children[i]));
      }
      return {};
    default: return CopyFixedWidth(view, start, length, out);
  }
}

Result<void> CheckColumn(const ArrowSchema* schema, const ArrowSchemaView& view) {
  const char* name = schema->name == nullptr ? "" : schema->name;
  switch (view.storage_type) {
    case NANOARROW_TYPE_SPARSE_UNION:
    case NANOARROW_TYPE_DENSE_UNION:
    case NANOARROW_TYPE_RUN_END_ENCODED:
    case NANOARROW_TYPE_LIST_VIEW:
    case NANOARROW_TYPE_LARGE_LIST_VIEW:
    case NANOARROW_TYPE_DECIMAL256:
      return MakeError(ErrorCode::kNotSupported, "results cannot carry the Arrow type {} of column \"{}\"",
                       ArrowTypeString(view.type), name);
    case NANOARROW_TYPE_FIXED_SIZE_LIST:
    case NANOARROW_TYPE_FIXED_SIZE_BINARY:
      if (view.fixed_size < 0) {
        return MakeError(ErrorCode::kInvalidArgument, "column \"{}\" has a negative size in its type", name);
      }
      return {};
    default: return {};
  }
}

}  // namespace

Result<void> CheckTypes(const ArrowSchema* schema) {
  ArrowSchemaView view;
  ArrowError error{};
  const char* name = schema->name == nullptr ? "" : schema->name;
  if (ArrowSchemaViewInit(&view, schema, &error) != NANOARROW_OK) {
    return MakeError(ErrorCode::kInvalidArgument, "column \"{}\" has no valid Arrow type: {}", name, error.message);
  }
  NL_RETURN_IF_ERROR(CheckColumn(schema, view));
  if (schema->dictionary != nullptr) {
    ArrowSchemaView values;
    const bool valid = ArrowSchemaViewInit(&values, schema->dictionary, &error) == NANOARROW_OK;
    if (!valid || (values.type != NANOARROW_TYPE_STRING && values.type != NANOARROW_TYPE_STRING_VIEW)) {
      return MakeError(ErrorCode::kNotSupported, "column \"{}\" is a dictionary of something other than strings", name);
    }
  }
  for (int64_t i = 0; i < schema->n_children; ++i) NL_RETURN_IF_ERROR(CheckTypes(schema->children[i]));
  return {};
}

bool IsPlain(const ArrowSchema* schema) {
  if (schema->dictionary != nullptr || IsViewFormat(schema->format)) return false;
  for (int64_t i = 0; i < schema->n_children; ++i) {
    if (!IsPlain(schema->children[i])) return false;
  }
  return true;
}

Result<Schema> MakePlain(const Schema& schema) {
  Schema plain;
  NL_RETURN_IF_ERROR(Check(ArrowSchemaDeepCopy(schema.get(), plain.get())));
  NL_RETURN_IF_ERROR(ReplaceByPlain(plain.get()));
  return plain;
}

bool StartsAtZero(const ArrowArray* array) {
  if (array->offset != 0) return false;
  for (int64_t i = 0; i < array->n_children; ++i) {
    if (!StartsAtZero(array->children[i])) return false;
  }
  return true;
}

Result<Batch> CopyPlain(const Schema& schema, const Schema& plain, const Batch& batch) {
  ArrayView view;
  ArrowError error{};
  if (ArrowArrayViewInitFromSchema(view.get(), schema.get(), &error) != NANOARROW_OK ||
      ArrowArrayViewSetArray(view.get(), batch.get(), &error) != NANOARROW_OK) {
    return MakeError(ErrorCode::kInternal, "an Arrow batch does not fit its schema: {}", error.message);
  }
  Batch out;
  NL_RETURN_IF_ERROR(Check(ArrowArrayInitFromSchema(out.get(), plain.get(), &error)));
  NL_RETURN_IF_ERROR(CopyRange(view.get(), 0, batch.row_count(), out.get()));
  if (ArrowArrayFinishBuildingDefault(out.get(), &error) != NANOARROW_OK) {
    return MakeError(ErrorCode::kInternal, "a copied Arrow batch does not fit its schema: {}", error.message);
  }
  return out;
}

}  // namespace neurolake::arrow
