// Messages packed for one crossing into native code; the layout is in src-native/produce.h.

import type { CheckedMessage } from './validate.js';

const FIELDS = 5;

export interface PackedMessages {
  topics: string[];
  fields: Int32Array;
  timestamps: Float64Array;
  payload: Buffer;
}

const sizeOf = (bytes: Uint8Array | string | null): number =>
  bytes === null ? 0 : typeof bytes === 'string' ? Buffer.byteLength(bytes) : bytes.byteLength;

export function packMessages(messages: readonly CheckedMessage[]): PackedMessages {
  const topics: string[] = [];
  const topicIndex = new Map<string, number>();
  const fields = new Int32Array(messages.length * FIELDS);
  const timestamps = new Float64Array(messages.length);
  let size = 0;
  for (const { key, value, headers } of messages) {
    size += sizeOf(key) + sizeOf(value);
    if (headers) for (const [name, content] of headers) size += 8 + sizeOf(name) + sizeOf(content);
  }
  const payload = Buffer.allocUnsafe(size);
  let at = 0;
  const put = (bytes: Uint8Array | string | null): number => {
    if (bytes === null) return -1;
    const start = at;
    if (typeof bytes === 'string') {
      at += payload.write(bytes, at);
    } else {
      payload.set(bytes, at);
      at += bytes.byteLength;
    }
    return at - start;
  };
  const putSized = (bytes: Uint8Array | string | null): void => {
    const lengthAt = at;
    at += 4;
    payload.writeInt32LE(put(bytes), lengthAt);
  };
  let field = 0;
  messages.forEach((message, i) => {
    let index = topicIndex.get(message.topic);
    if (index === undefined) {
      index = topics.push(message.topic) - 1;
      topicIndex.set(message.topic, index);
    }
    fields[field++] = index;
    fields[field++] = message.partition;
    const headersAt = at;
    if (message.headers) {
      for (const [name, content] of message.headers) {
        putSized(name);
        putSized(content);
      }
    }
    fields[field++] = at - headersAt;
    fields[field++] = put(message.key);
    fields[field++] = put(message.value);
    timestamps[i] = message.timestamp;
  });
  return { topics, fields, timestamps, payload };
}
