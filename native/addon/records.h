// The JavaScript classes that read and write TFRecord files of tf.train.Example.
#pragma once

#include <napi.h>

#include <memory>

#include "addon/wrapped.h"

namespace albert::addon {

class RecordReader {
 public:
  static constexpr const char* kName = "RecordReader";
  static const napi_type_tag kTag;
  static Napi::FunctionReference define(Napi::Env env);

  struct Source;  // the file, and a lock
  explicit RecordReader(std::shared_ptr<Source> source) : source_(std::move(source)) {}

  /// next(count): a promise of up to `count` examples; none at the end of the file.
  Napi::Value next(const Napi::CallbackInfo& info);

 private:
  const std::shared_ptr<Source> source_;
};

class RecordWriter {
 public:
  static constexpr const char* kName = "RecordWriter";
  static const napi_type_tag kTag;
  static Napi::FunctionReference define(Napi::Env env);

  struct Sink;  // the file, and a lock
  explicit RecordWriter(std::shared_ptr<Sink> sink) : sink_(std::move(sink)) {}

  /// write(examples): a promise.
  Napi::Value write(const Napi::CallbackInfo& info);
  /// commit(): a promise; the file has its name then.
  Napi::Value commit(const Napi::CallbackInfo& info);
  /// discard(): a promise; what was written is gone then, unless it was committed.
  Napi::Value discard(const Napi::CallbackInfo& info);

 private:
  const std::shared_ptr<Sink> sink_;
};

/// open_record_reader(file): a promise of a RecordReader.
Napi::Value open_record_reader(const Napi::CallbackInfo& info);
/// open_record_writer(file): a promise of a RecordWriter.
Napi::Value open_record_writer(const Napi::CallbackInfo& info);
/// frame_record(bytes): the record as it lies in a file.
Napi::Value frame_record(const Napi::CallbackInfo& info);

}  // namespace albert::addon
