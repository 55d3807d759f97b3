import { type DynamicModule, Module } from '@nestjs/common';
import { Kafka, SERVERS } from './kafka.ts';
import { OrdersConsumer } from './orders-consumer.ts';
import { OrdersController } from './orders-controller.ts';

@Module({})
export class AppModule {
  static on(servers: string): DynamicModule {
    return {
      module: AppModule,
      controllers: [OrdersController],
      providers: [{ provide: SERVERS, useValue: servers }, Kafka, OrdersConsumer],
    };
  }
}
