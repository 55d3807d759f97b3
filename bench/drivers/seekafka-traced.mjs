// As seekafka.mjs, with the spans and metrics of seekafka/opentelemetry and the real SDK. Spans are exported to nowhere.

import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { SeekafkaInstrumentation } from 'seekafka/opentelemetry';
import { driver as plain } from './seekafka.mjs';

const exporter = {
  export(spans, done) {
    done({ code: 0 });
  },
  shutdown: () => Promise.resolve(),
};
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] }));
metrics.setGlobalMeterProvider(new MeterProvider());
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
new SeekafkaInstrumentation();

export const driver = { ...plain, client: 'seekafka traced' };
