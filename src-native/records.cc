#include "records.h"

#include "admin.h"
#include "produce.h"

namespace seekafka {

namespace {

Napi::Object Typed(Napi::Env env, const char* type) {
  auto out = Napi::Object::New(env);
  out["type"] = type;
  return out;
}

Napi::Object ToJs(Napi::Env env, const GroupMember& member) {
  auto out = Napi::Object::New(env);
  out["group"] = member.group;
  out["generation"] = member.generation;
  out["id"] = member.id;
  out["instance"] = member.instance;
  return out;
}

struct Converter {
  Napi::Env env;

  Napi::Value operator()(std::monostate&) const { return env.Undefined(); }

  Napi::Value operator()(Reply& reply) const {
    auto out = Typed(env, "reply");
    out["id"] = reply.id;
    out["error"] = ToJs(env, reply.error);
    out["rows"] = std::visit([this](const auto& rows) { return seekafka::ToJs(env, rows); }, reply.rows);
    if (reply.member) out["member"] = ToJs(env, *reply.member);
    return out;
  }

  Napi::Value operator()(AdminReply& reply) const { return AdminReplyToJs(env, reply.event.get()); }

  Napi::Value operator()(Batch& batch) const {
    auto out = Typed(env, "batch");
    // The tables last: while the record has them, it can tell which partitions are in it.
    bool external = false;
    out["payload"] = TakeAsArrayBuffer(env, batch.packed.payload, &external);
    out["external"] = external;
    out["count"] = batch.packed.count;
    out["runs"] = batch.packed.runs;
    out["tables"] = TakeAsArrayBuffer(env, batch.packed.tables);
    return out;
  }

  Napi::Value operator()(Dropped& dropped) const {
    auto out = Typed(env, "dropped");
    auto ids = Napi::Array::New(env, dropped.ids.size());
    for (uint32_t i = 0; i < dropped.ids.size(); i++) ids[i] = dropped.ids[i];
    out["ids"] = ids;
    out["error"] = ToJs(env, dropped.error);
    return out;
  }

  Napi::Value operator()(LogEnd& end) const {
    auto out = Typed(env, "logEnd");
    out["id"] = end.id;
    out["offset"] = static_cast<double>(end.offset);
    return out;
  }

  Napi::Value operator()(Rebalance& rebalance) const {
    auto out = Typed(env, "rebalance");
    out["error"] = ToJs(env, rebalance.error);
    out["rows"] = ToJs(env, rebalance.rows);
    out["refused"] = ToJs(env, rebalance.refused);
    out["assign"] = rebalance.assign;
    out["lost"] = rebalance.lost;
    out["protocol"] = rebalance.protocol;
    if (rebalance.member) out["member"] = ToJs(env, *rebalance.member);
    return out;
  }

  Napi::Value operator()(Failure& failure) const {
    auto out = Typed(env, "error");
    out["error"] = ToJs(env, failure.error);
    if (!failure.rows.empty()) out["rows"] = ToJs(env, failure.rows);
    return out;
  }

  Napi::Value operator()(LogLine& line) const {
    auto out = Typed(env, "log");
    out["level"] = line.level;
    out["facility"] = line.facility;
    out["message"] = line.message;
    return out;
  }

  Napi::Value operator()(Stats& stats) const {
    auto out = Typed(env, "stats");
    out["json"] = stats.json;
    return out;
  }

  Napi::Value operator()(TokenRefresh&) const { return Typed(env, "tokenRefresh"); }

  Napi::Value operator()(Delivery& delivery) const { return DeliveryReports(env, delivery.events, delivery.messages); }

  Napi::Value operator()(Closed&) const { return Typed(env, "closed"); }
};

}  // namespace

Napi::Value ToJs(Napi::Env env, Record& record) { return std::visit(Converter{env}, record); }

Record Replacement(const Record& record, const ErrorData& error) {
  if (const auto* reply = std::get_if<Reply>(&record)) {
    Reply bare;
    bare.id = reply->id;
    bare.error = error;
    return bare;
  }
  if (const auto* reply = std::get_if<AdminReply>(&record)) {
    Reply bare;
    bare.id = AdminReplyId(reply->event.get());
    bare.error = error;
    return bare;
  }
  if (const auto* batch = std::get_if<Batch>(&record)) return Dropped{batch->packed.PartitionsIn(), error};
  return Failure{error, {}};
}

}  // namespace seekafka
