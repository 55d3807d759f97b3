import { Body, Controller, Get, Inject, Param, Post, ServiceUnavailableException } from '@nestjs/common';
import { Kafka } from './kafka.ts';
import { OrdersConsumer } from './orders-consumer.ts';

@Controller()
export class OrdersController {
  constructor(
    @Inject(Kafka) private readonly kafka: Kafka,
    @Inject(OrdersConsumer) private readonly consumer: OrdersConsumer,
  ) {}

  /** Answers when the order is stored. */
  @Post('orders')
  order(@Body() { customer, pieces }: { customer: string; pieces: number }) {
    return this.kafka.producer.send({ topic: 'orders', key: customer, value: JSON.stringify({ pieces }) });
  }

  @Get('orders/:customer')
  pieces(@Param('customer') customer: string) {
    return { customer, pieces: this.consumer.pieces.get(customer) ?? 0 };
  }

  @Get('ready')
  ready() {
    const { state, joined } = this.consumer.health();
    if (state !== 'up' || !joined) throw new ServiceUnavailableException({ state, joined });
    return { state, joined };
  }
}
