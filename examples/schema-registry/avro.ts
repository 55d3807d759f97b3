// Avro: the schema is given; whoever deploys the service registers it.

import { AvroDeserializer, AvroSerializer, SchemaRegistryClient, SerdeType } from '@confluentinc/schemaregistry';
import { Consumer, type Deserializer, Producer, type Serializer } from 'seekafka';

export interface Order {
  customer: string;
  pieces: number;
}

const schema = JSON.stringify({
  type: 'record',
  name: 'Order',
  fields: [
    { name: 'customer', type: 'string' },
    { name: 'pieces', type: 'int' },
  ],
});

export async function avroClients(servers: string, registryUrl: string) {
  const registry = new SchemaRegistryClient({ baseURLs: [registryUrl] });
  await registry.register('orders-avro-value', { schema, schemaType: 'AVRO' }); // or by whoever deploys the service

  const value = new AvroSerializer(registry, SerdeType.VALUE, { useLatestVersion: true });
  const decoded = new AvroDeserializer(registry, SerdeType.VALUE, {});
  return {
    topic: 'orders-avro',
    producer: new Producer({ 'bootstrap.servers': servers }, { serializer: { value: value as Serializer<Order> } }),
    consumer: new Consumer(
      { 'bootstrap.servers': servers },
      { deserializer: { value: decoded as Deserializer<Order> } },
    ),
  };
}
