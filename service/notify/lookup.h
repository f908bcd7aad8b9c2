// Reads orders for the event core, as GetOrder does for callers. Owned by main; any thread.
#pragma once

#include <string>

#include "service/notify/hub.h"
#include "service/notify/sites.h"
#include "service/psp/api.h"

namespace msp::notify {

class Lookup {
 public:
  Lookup(psp::Api& api, SiteFinder sites);
  void operator()(const std::string& site, const std::string& order_id, Hub::Looked looked) const;

 private:
  psp::Api& api_;
  const psp::Operation& get_order_;
  const SiteFinder sites_;
};

}  // namespace msp::notify
