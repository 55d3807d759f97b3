// Protobuf: order_pb.ts is generated from order.proto (buf.gen.yaml), and the schema is registered when the first order is sent.

import { create, createMutableRegistry } from '@bufbuild/protobuf';
import {
  ProtobufDeserializer,
  ProtobufSerializer,
  SchemaRegistryClient,
  SerdeType,
} from '@confluentinc/schemaregistry';
import { Consumer, type Deserializer, Producer, type Serializer } from 'seekafka';
import { type Order, OrderSchema } from './order_pb.ts';

export const order = (customer: string, pieces: number): Order => create(OrderSchema, { customer, pieces });

export function protobufClients(servers: string, registryUrl: string) {
  const registry = new SchemaRegistryClient({ baseURLs: [registryUrl] });
  const value = new ProtobufSerializer(registry, SerdeType.VALUE, {
    registry: createMutableRegistry(OrderSchema),
    autoRegisterSchemas: true,
  });
  const decoded = new ProtobufDeserializer(registry, SerdeType.VALUE, {});
  return {
    topic: 'orders-protobuf',
    producer: new Producer({ 'bootstrap.servers': servers }, { serializer: { value: value as Serializer<Order> } }),
    consumer: new Consumer(
      { 'bootstrap.servers': servers },
      { deserializer: { value: decoded as Deserializer<Order> } },
    ),
  };
}
