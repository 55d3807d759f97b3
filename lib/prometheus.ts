// The door of `seekafka/prometheus`.

export { type Collector, type CollectOptions, type PrometheusRegistry, collect } from './prometheus/collector.js';
