// The door of `seekafka/opentelemetry`. It is a module of its own: only who imports it needs @opentelemetry/api.

export { extract, withBatchContext, withMessageContext } from './opentelemetry/context.js';
export { type InstrumentationConfig, SeekafkaInstrumentation } from './opentelemetry/instrumentation.js';
