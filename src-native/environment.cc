#include "environment.h"

namespace seekafka {

namespace {

constexpr std::chrono::seconds kPatience(1);

// A handle holds its Environment by shared_ptr: its clean-up hook may run when the instance data is gone.
struct InstanceData {
  std::shared_ptr<Environment> environment = std::make_shared<Environment>();
};

}  // namespace

void Environment::Define(Napi::Env env) { env.SetInstanceData(new InstanceData); }

std::shared_ptr<Environment> Environment::Of(Napi::Env env) { return env.GetInstanceData<InstanceData>()->environment; }

Clock::time_point Environment::End() noexcept {
  if (!until_) {
    until_ = Clock::now() + kPatience;
    for (auto* core : open_) core->Abort();
  }
  return *until_;
}

}  // namespace seekafka
