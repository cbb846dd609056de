// Builds what prometheus-cpp writes, a series at a time. Two series of one family that have the same labels would make
// the whole scrape invalid: the first one stays. Pure.

#pragma once

#include <prometheus/metric_family.h>

#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "observe/latency.h"
#include "observe/word_counts.h"

namespace frontdoor {

using MetricLabels = std::vector<std::pair<std::string_view, std::string_view>>;

class MetricFamilies {
 public:
  // Begins a family, to which the series that follow belong.
  void counters(std::string_view name, std::string_view help) { begin(name, help, prometheus::MetricType::Counter); }
  void gauges(std::string_view name, std::string_view help) { begin(name, help, prometheus::MetricType::Gauge); }
  void histograms(std::string_view name, std::string_view help) { begin(name, help, prometheus::MetricType::Histogram); }

  void add(double value, const MetricLabels& labels = {});
  void add(std::uint64_t value, const MetricLabels& labels = {}) { add(static_cast<double>(value), labels); }
  void add(const Latency& latency, const MetricLabels& labels = {});
  // One for each word, which `label` names.
  void add(const WordTotals& totals, std::string_view label, const MetricLabels& labels = {});

  std::vector<prometheus::MetricFamily> take() { return std::move(families_); }

 private:
  void begin(std::string_view name, std::string_view help, prometheus::MetricType type);
  prometheus::ClientMetric* series(const MetricLabels& labels);  // null: it is there already

  std::vector<prometheus::MetricFamily> families_;
  std::set<std::string> seen_;  // of the last family
};

}  // namespace frontdoor
