// TFRecord on the pool: examples as lists of [name, values] on the JavaScript side.
#include "addon/records.h"

#include <mutex>
#include <optional>
#include <utility>

#include "addon/arguments.h"
#include "addon/encoding.h"
#include "addon/task.h"
#include "formats/record_file.h"
#include "formats/tf_example.h"

namespace albert::addon {

struct RecordReader::Source {
  explicit Source(const std::string& file) : reader(file) {}
  std::mutex mutex;
  formats::RecordReader reader;
};

struct RecordWriter::Sink {
  explicit Sink(const std::string& file) : writer(std::in_place, file) {}
  std::mutex mutex;
  std::optional<formats::RecordWriter> writer;  // until it is committed or discarded
};

namespace {

constexpr int64_t kMostRecords = 65536;  // of one call

using Examples = std::vector<formats::TfExample>;

Napi::Value feature_to_javascript(Napi::Env env, const std::vector<std::string>& values) {
  Napi::Array array = Napi::Array::New(env, values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(values[i].data());
    array.Set(uint32_t(i), typed_array_of(env, bytes, values[i].size()));
  }
  return array;
}

Napi::Value feature_to_javascript(Napi::Env env, const std::vector<float>& values) {
  return typed_array_of(env, values.data(), values.size());
}

Napi::Value feature_to_javascript(Napi::Env env, const std::vector<int64_t>& values) {
  return typed_array_of(env, values.data(), values.size());
}

/// A list of pairs: an object's keys would change the order, and some of them its prototype.
Napi::Array example_to_javascript(Napi::Env env, const formats::TfExample& example) {
  Napi::Array features = Napi::Array::New(env, example.size());
  for (size_t i = 0; i < example.size(); ++i) {
    Napi::Array pair = Napi::Array::New(env, 2);
    pair.Set(0u, example[i].first);
    pair.Set(1u, std::visit([&](const auto& values) { return feature_to_javascript(env, values); },
                            example[i].second));
    features.Set(uint32_t(i), pair);
  }
  return features;
}

Napi::Value examples_to_javascript(Napi::Env env, const Examples& examples) {
  Napi::Array array = Napi::Array::New(env, examples.size());
  for (size_t i = 0; i < examples.size(); ++i) {
    const Napi::HandleScope scope(env);
    array.Set(uint32_t(i), example_to_javascript(env, examples[i]));
  }
  return array;
}

formats::TfFeature read_feature(const Argument& values) {
  if (values.is_float_array()) return values.floats();
  if (!values.is_array()) return values.int64s();
  std::vector<std::string> strings;
  for (const Argument& item : values.items()) {
    const std::vector<uint8_t> bytes = item.bytes();
    strings.emplace_back(bytes.begin(), bytes.end());
  }
  return strings;
}

Examples read_examples(Napi::Env env, const Argument& list) {
  Examples examples;
  for (const Argument& features : list.items()) {
    const Napi::HandleScope scope(env);
    formats::TfExample& example = examples.emplace_back();
    for (const Argument& pair : features.items()) {
      const std::vector<Argument> parts = pair.items();
      if (parts.size() != 2) pair.refuse_type("a pair of name and values");
      example.emplace_back(parts[0].utf8(), read_feature(parts[1]));
    }
  }
  return examples;
}

formats::RecordWriter& open_writer(std::optional<formats::RecordWriter>& writer) {
  if (writer) return *writer;
  throw Error(ErrorCode::kDisposed, "the TFRecord file is closed: nothing can be written any more");
}

}  // namespace

const napi_type_tag RecordReader::kTag = {uint64_t(uintptr_t(&RecordReader::kTag)),
                                          0x616c62657274'7272u};
const napi_type_tag RecordWriter::kTag = {uint64_t(uintptr_t(&RecordWriter::kTag)),
                                          0x616c62657274'7277u};

Napi::FunctionReference RecordReader::define(Napi::Env env) {
  return define_class(env, kName, {method<RecordReader, &RecordReader::next>("next")});
}

Napi::FunctionReference RecordWriter::define(Napi::Env env) {
  return define_class(env, kName,
                      {method<RecordWriter, &RecordWriter::write>("write"),
                       method<RecordWriter, &RecordWriter::commit>("commit"),
                       method<RecordWriter, &RecordWriter::discard>("discard")});
}

Napi::Value RecordReader::next(const Napi::CallbackInfo& info) {
  const size_t count = size_t(Argument::of(info, 0, "next: count").integer(1, kMostRecords));
  const auto work = [source = source_, count] {
    const std::lock_guard lock(source->mutex);
    Examples examples;
    std::string record;
    while (examples.size() < count && source->reader.next(record)) {
      examples.push_back(formats::parse_tf_example(record));
    }
    return examples;
  };
  return start_task(info.Env(), work, &examples_to_javascript);
}

Napi::Value RecordWriter::write(const Napi::CallbackInfo& info) {
  const Argument list = Argument::of(info, 0, "write: examples");
  const auto work = [sink = sink_, examples = read_examples(info.Env(), list)] {
    const std::lock_guard lock(sink->mutex);
    formats::RecordWriter& writer = open_writer(sink->writer);
    for (const formats::TfExample& example : examples) {
      writer.write(formats::serialize_tf_example(example));
    }
    return Nothing{};
  };
  return start_task(info.Env(), work, &undefined_of);
}

Napi::Value RecordWriter::commit(const Napi::CallbackInfo& info) {
  const auto work = [sink = sink_] {
    const std::lock_guard lock(sink->mutex);
    open_writer(sink->writer).commit();
    sink->writer.reset();
    return Nothing{};
  };
  return start_task(info.Env(), work, &undefined_of);
}

Napi::Value RecordWriter::discard(const Napi::CallbackInfo& info) {
  const auto work = [sink = sink_] {
    const std::lock_guard lock(sink->mutex);
    sink->writer.reset();
    return Nothing{};
  };
  return start_task(info.Env(), work, &undefined_of);
}

Napi::Value open_record_reader(const Napi::CallbackInfo& info) {
  std::string file = Argument::of(info, 0, "open_record_reader: file").utf8_without_nul();
  const auto open = [file = std::move(file)] {
    return std::make_shared<RecordReader::Source>(file);
  };
  return start_task(info.Env(), open,
                    [](Napi::Env env, std::shared_ptr<RecordReader::Source> source) -> Napi::Value {
                      return wrap_native(env, Environment::of(env).classes.record_reader,
                                         std::make_unique<RecordReader>(std::move(source)));
                    });
}

Napi::Value open_record_writer(const Napi::CallbackInfo& info) {
  std::string file = Argument::of(info, 0, "open_record_writer: file").utf8_without_nul();
  const auto open = [file = std::move(file)] { return std::make_shared<RecordWriter::Sink>(file); };
  return start_task(info.Env(), open,
                    [](Napi::Env env, std::shared_ptr<RecordWriter::Sink> sink) -> Napi::Value {
                      return wrap_native(env, Environment::of(env).classes.record_writer,
                                         std::make_unique<RecordWriter>(std::move(sink)));
                    });
}

Napi::Value frame_record(const Napi::CallbackInfo& info) {
  const std::vector<uint8_t> bytes = Argument::of(info, 0, "frame_record: record").bytes();
  const std::string_view record(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::string framed = formats::frame_record(record);
  return typed_array_of(info.Env(), reinterpret_cast<const uint8_t*>(framed.data()), framed.size());
}

}  // namespace albert::addon
