import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app-module.ts';

const app = await NestFactory.create(AppModule.on(process.env.KAFKA_BROKERS ?? 'localhost:9092'));
app.enableShutdownHooks(); // SIGTERM ends it in order
await app.listen(3000);
