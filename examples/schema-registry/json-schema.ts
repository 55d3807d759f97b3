// JSON with a schema: what does not fit it is not sent.

import { JsonDeserializer, JsonSerializer, SchemaRegistryClient, SerdeType } from '@confluentinc/schemaregistry';
import { Consumer, type Deserializer, Producer, type Serializer } from 'seekafka';

export interface Order {
  customer: string;
  pieces: number;
}

const schema = JSON.stringify({
  type: 'object',
  properties: { customer: { type: 'string' }, pieces: { type: 'integer', minimum: 1 } },
  required: ['customer', 'pieces'],
});

export async function jsonClients(servers: string, registryUrl: string) {
  const registry = new SchemaRegistryClient({ baseURLs: [registryUrl] });
  await registry.register('orders-json-value', { schema, schemaType: 'JSON' });

  const value = new JsonSerializer(registry, SerdeType.VALUE, { useLatestVersion: true, validate: true });
  const decoded = new JsonDeserializer(registry, SerdeType.VALUE, { validate: true });
  return {
    topic: 'orders-json',
    producer: new Producer({ 'bootstrap.servers': servers }, { serializer: { value: value as Serializer<Order> } }),
    consumer: new Consumer(
      { 'bootstrap.servers': servers },
      { deserializer: { value: decoded as Deserializer<Order> } },
    ),
  };
}
