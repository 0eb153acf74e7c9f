// Examples and positions as JavaScript sees them; everything that reads or computes is on the pool.
#include "addon/pretraining_stream.h"

#include <utility>

#include "addon/arguments.h"
#include "addon/encoding.h"
#include "addon/pretraining_settings.h"
#include "addon/task.h"
#include "addon/tokenizer.h"

namespace albert::addon {

namespace {

constexpr int64_t kExact = int64_t{1} << 53;  // integers that a double holds
constexpr int64_t kMostExamples = 4096;       // of one call: their offsets fit in 32 bits

Napi::Object position_to_javascript(Napi::Env env, const data::StreamPosition& position) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("pass", double(position.pass));
  object.Set("block", double(position.block));
  object.Set("file", double(position.corpus.file));
  object.Set("offset", double(position.corpus.place.offset));
  object.Set("line", double(position.corpus.place.line));
  object.Set("documents", double(position.corpus.documents));
  object.Set("inside", position.corpus.inside);
  object.Set("wanted", position.corpus.wanted);
  object.Set("index", double(position.index));
  return object;
}

data::StreamPosition read_position(const Argument& position) {
  const auto integer = [&](const char* name) { return position.field(name).integer(0, kExact); };
  return {.pass = integer("pass"),
          .block = integer("block"),
          .corpus = {.file = integer("file"),
                     .place = {.offset = uint64_t(integer("offset")), .line = integer("line")},
                     .documents = integer("documents"),
                     .inside = position.field("inside").boolean(),
                     .wanted = position.field("wanted").boolean()},
          .index = integer("index")};
}

/// Lists of several examples, one behind the other, and where each begins.
template <class T>
struct Packed {
  std::vector<T> values;
  std::vector<int32_t> offsets = {0};

  void append(const std::vector<T>& more) {
    values.insert(values.end(), more.begin(), more.end());
    offsets.push_back(int32_t(values.size()));
  }
};

template <class T>
void set_array(Napi::Object& object, const char* name, const std::vector<T>& values) {
  object.Set(name, typed_array_of(object.Env(), values.data(), values.size()));
}

Napi::Value taken_to_javascript(Napi::Env env, const data::TakenExamples& taken) {
  Packed<int32_t> tokens, positions, labels;
  std::vector<uint8_t> boundaries;
  std::vector<int32_t> first_lengths, order_labels;
  for (const data::PretrainingExample& example : taken.examples) {
    tokens.append(example.tokens);
    positions.append(example.positions);
    labels.append(example.labels);
    boundaries.insert(boundaries.end(), example.boundaries.begin(), example.boundaries.end());
    first_lengths.push_back(example.first_length);
    order_labels.push_back(int32_t(example.order));
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("origin", position_to_javascript(env, taken.origin));
  result.Set("count", double(taken.examples.size()));
  set_array(result, "tokens", tokens.values);
  set_array(result, "boundaries", boundaries);
  set_array(result, "cu_seqlens", tokens.offsets);
  set_array(result, "first_lengths", first_lengths);
  set_array(result, "order_labels", order_labels);
  set_array(result, "masked_positions", positions.values);
  set_array(result, "masked_labels", labels.values);
  set_array(result, "cu_masked", positions.offsets);
  return result;
}

struct Description {
  std::vector<std::pair<std::string, std::string>> settings;
  std::vector<data::CorpusFile> files;
  uint32_t vocabulary;
};

Napi::Value description_to_javascript(Napi::Env env, const Description& description) {
  Napi::Object settings = Napi::Object::New(env);
  for (const auto& [name, value] : description.settings) settings.Set(name, value);
  Napi::Array files = Napi::Array::New(env, description.files.size());
  for (size_t i = 0; i < description.files.size(); ++i) {
    Napi::Object file = Napi::Object::New(env);
    file.Set("name", description.files[i].name);
    file.Set("bytes", double(description.files[i].bytes));
    file.Set("checksum", double(description.files[i].checksum));
    files.Set(uint32_t(i), file);
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("settings", settings);
  result.Set("files", files);
  result.Set("vocabulary", double(description.vocabulary));
  return result;
}

}  // namespace

const napi_type_tag PretrainingStream::kTag = {uint64_t(uintptr_t(&PretrainingStream::kTag)),
                                               0x616c62657274'7072u};

Napi::FunctionReference PretrainingStream::define(Napi::Env env) {
  return define_class(env, kName,
                      {method<PretrainingStream, &PretrainingStream::describe>("describe"),
                       method<PretrainingStream, &PretrainingStream::take>("take"),
                       method<PretrainingStream, &PretrainingStream::seek>("seek")});
}

Napi::Value PretrainingStream::describe(const Napi::CallbackInfo& info) {
  const auto work = [stream = stream_] {
    return Description{data::listed(stream->settings()), stream->fingerprint(),
                       stream->vocabulary_checksum()};
  };
  return start_task(info.Env(), work, &description_to_javascript);
}

Napi::Value PretrainingStream::take(const Napi::CallbackInfo& info) {
  const size_t count = size_t(Argument::of(info, 0, "take: count").integer(1, kMostExamples));
  Environment& environment = Environment::of(info.Env());
  // The environment holds the pool until this work has ended.
  const auto workers = [pool = &environment.pool(), mailbox = environment.mailbox()](int width) {
    return data::Workers{*pool, width, [mailbox] { return mailbox->closed(); }};
  };
  const int all = environment.pool().size() + 1;
  const auto work = [stream = stream_, count, workers, all] {
    return stream->take(count, workers(all));
  };
  const Napi::Value promise = start_task(info.Env(), work, &taken_to_javascript);
  environment.run_on_pool([stream = stream_, workers] { stream->prefetch(workers(1)); });
  return promise;
}

Napi::Value PretrainingStream::seek(const Napi::CallbackInfo& info) {
  const data::StreamPosition position = read_position(Argument::of(info, 0, "seek: position"));
  const auto work = [stream = stream_, position] {
    stream->seek(position);
    return Nothing{};
  };
  return start_task(info.Env(), work, &undefined_of);
}

Napi::Value open_pretraining_stream(const Napi::CallbackInfo& info) {
  const std::string call = "open_pretraining_stream: ";
  std::vector<std::string> files;
  for (const Argument& file : Argument::of(info, 0, call + "files").items()) {
    files.push_back(file.utf8_without_nul());
  }
  const void* tokenizer = unwrap(info[1], Tokenizer::kTag, Tokenizer::kName);
  const auto open =
      [files = std::move(files), shared = static_cast<const Tokenizer*>(tokenizer)->shared(),
       settings = read_pretraining_settings(Argument::of(info, 2, call + "settings"))] {
        return std::make_shared<data::PretrainingStream>(files, shared, settings);
      };
  return start_task(
      info.Env(), open,
      [](Napi::Env env, std::shared_ptr<data::PretrainingStream> stream) -> Napi::Value {
        return wrap_native(env, Environment::of(env).classes.pretraining_stream,
                           std::make_unique<PretrainingStream>(std::move(stream)));
      });
}

}  // namespace albert::addon
