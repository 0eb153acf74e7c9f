// Settings of optimizers and schedules as JavaScript passes them.
#pragma once

#include "addon/arguments.h"
#include "train/optimizer.h"
#include "train/schedule.h"

namespace albert::addon {

/// Absent settings keep their defaults; ranges are checked where they are used.
train::OptimizerSettings read_optimizer(const Argument& settings);
train::ScheduleSettings read_schedule(const Argument& settings);

}  // namespace albert::addon
