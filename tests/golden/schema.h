// The whole schema, linked and found by name. Static libraries drop files that nothing refers to:
// this refers to all of them.
#pragma once

#include <array>
#include <string>

#include "google/protobuf/descriptor.h"
#include "multisafepay/v1/notification_service.pb.h"
#include "multisafepay/v1/order_service.pb.h"
#include "multisafepay/v1/payment_method_service.pb.h"
#include "multisafepay/v1/token_service.pb.h"
#include "multisafepay/v1/transaction_service.pb.h"

namespace msp {

inline std::array<const google::protobuf::FileDescriptor*, 5> ServiceFiles() {
  namespace v1 = multisafepay::v1;
  return {v1::GetOrderRequest::descriptor()->file(), v1::GetTokenRequest::descriptor()->file(),
          v1::GetGatewayRequest::descriptor()->file(),
          v1::GetTransactionRequest::descriptor()->file(),
          v1::HandleNotificationRequest::descriptor()->file()};
}

inline const google::protobuf::Descriptor* FindMessage(const std::string& full_name) {
  ServiceFiles();
  return google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(full_name);
}

}  // namespace msp
