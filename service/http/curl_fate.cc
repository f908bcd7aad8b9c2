#include "service/http/curl_fate.h"

#include <cstring>

#include "openssl/x509.h"

namespace msp::http {
namespace {

// The end of the body never reached the socket, and nothing of an answer came. After a second
// sending, allowed or stopped, libcurl's count says nothing of the first.
bool IsProvablyCutShort(const Ending& ending) {
  return ending.code != CURLE_OK && ending.permissions == 1 && !ending.resend_stopped &&
         ending.status == 0 && !ending.head_complete && !ending.too_large &&
         ending.uploaded_bytes >= 0 && ending.uploaded_bytes < ending.body_bytes;
}

}  // namespace

Verdict Judge(const Ending& ending) {
  if (ending.code == CURLE_OK && ending.permissions > 0 && ending.head_complete &&
      ending.status >= 200) {
    return {Fate::kAnswered, Failure::kNone};
  }
  const bool never_began = ending.permissions == 0;
  const Fate fate = never_began || IsProvablyCutShort(ending) ? Fate::kNotSent : Fate::kUnknown;
  if (ending.too_large) return {fate, Failure::kTooLarge};
  if (ending.code == CURLE_OPERATION_TIMEDOUT && ending.deadline_passed) {
    return {fate, Failure::kDeadline};
  }
  return {fate, never_began ? Failure::kConnect : Failure::kBroken};
}

std::string Detail(const Ending& ending) {
  if (Judge(ending).fate == Fate::kAnswered) return {};
  if (ending.resend_stopped) return "Connection died before the answer; sending again was refused";
  if (ending.too_large) return "Answer larger than the limit";
  if (ending.code == CURLE_OK) return "Not a complete HTTP answer";
  // libcurl's error buffer would say more, but may quote the URL.
  std::string text = curl_easy_strerror(ending.code);
  if (ending.code == CURLE_PEER_FAILED_VERIFICATION && ending.verify_error != 0) {
    text.append(" (").append(X509_verify_cert_error_string(ending.verify_error)).append(")");
  } else if (const char* const words = strerrordesc_np(ending.os_error);
             ending.os_error != 0 && words != nullptr) {
    text.append(" (").append(words).append(")");
  }
  return text;
}

}  // namespace msp::http
