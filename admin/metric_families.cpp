#include "admin/metric_families.h"

#include "admin/utf8.h"

namespace frontdoor {

void MetricFamilies::begin(std::string_view name, std::string_view help, prometheus::MetricType type) {
  seen_.clear();
  families_.push_back({.name = std::string(name), .help = std::string(help), .type = type, .metric = {}});
}

prometheus::ClientMetric* MetricFamilies::series(const MetricLabels& labels) {
  prometheus::ClientMetric metric;
  std::string key;
  for (const auto& [name, value] : labels) {
    metric.label.push_back({std::string(name), to_utf8(value)});
    key += metric.label.back().value + '\0';
  }
  if (!seen_.insert(std::move(key)).second) return nullptr;
  return &families_.back().metric.emplace_back(std::move(metric));
}

void MetricFamilies::add(double value, const MetricLabels& labels) {
  prometheus::ClientMetric* const metric = series(labels);
  if (!metric) return;
  if (families_.back().type == prometheus::MetricType::Counter) metric->counter.value = value;
  else metric->gauge.value = value;
}

void MetricFamilies::add(const Latency& latency, const MetricLabels& labels) {
  prometheus::ClientMetric* const metric = series(labels);
  if (!metric) return;
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < kLatencyBoundsMicros.size(); ++i) {
    below += latency.buckets[i];
    metric->histogram.bucket.push_back({below, static_cast<double>(kLatencyBoundsMicros[i]) / 1e6});
  }
  metric->histogram.sample_count = latency.count();
  metric->histogram.sample_sum = static_cast<double>(latency.sum_nanos) / 1e9;
}

void MetricFamilies::add(const WordTotals& totals, std::string_view label, const MetricLabels& labels) {
  for (const WordTotal& total : totals) {
    MetricLabels all = labels;
    all.emplace_back(label, total.word);
    add(total.count, all);
  }
}

}  // namespace frontdoor
