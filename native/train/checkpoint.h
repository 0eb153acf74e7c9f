// Checkpoints of training: a folder from which an update can be repeated to the bit.
#pragma once

#include <string>
#include <vector>

#include "train/trainer.h"

namespace albert::train {

/// The file by which a folder is known as a checkpoint; the caller adds it.
inline constexpr const char* kCheckpointMark = "trainer_state.json";

/// A file that the caller adds.
struct CheckpointText {
  std::string name;
  std::string content;
};

/// Writes model.safetensors (float32, Hugging Face's names), optimizer.safetensors (moments,
/// counts, and weights where they are float64) and the texts as one folder, all or nothing; an
/// older checkpoint of that name is replaced. Throws Error{kIo}.
void save_checkpoint(Trainer& trainer, const std::string& folder,
                     const std::vector<CheckpointText>& texts);

/// Brings moments and counts back, and weights where they are float64; others are those that the
/// trainer began with, read from model.safetensors. Throws Error{kNotFound}, Error{kFormat} and
/// Error{kShape} for files that are not of such a checkpoint.
void restore_checkpoint(Trainer& trainer, const std::string& folder);

}  // namespace albert::train
