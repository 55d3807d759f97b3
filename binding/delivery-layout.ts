// The other half of DeliveryReports in src-native/produce.h: how the reports of several messages lie in their arrays.

import type { DeliveryRecord } from './native.js';

const FIELDS_PER_REPORT = 4;
const NUMBERS_PER_REPORT = 2;

export class DeliveryReports {
  readonly #fields: Int32Array;
  readonly #numbers: Float64Array;
  readonly count: number;

  constructor({ fields, numbers }: DeliveryRecord) {
    this.#fields = fields;
    this.#numbers = numbers;
    this.count = fields.length / FIELDS_PER_REPORT;
  }

  /** Under which number its messages were handed over. */
  batch(report: number): number {
    return this.#fields[report * FIELDS_PER_REPORT]! >>> 0;
  }

  /** Which one of its batch the message is. */
  index(report: number): number {
    return this.#fields[report * FIELDS_PER_REPORT + 1]!;
  }

  partition(report: number): number {
    return this.#fields[report * FIELDS_PER_REPORT + 2]!;
  }

  /** 0: delivered. */
  errorCode(report: number): number {
    return this.#fields[report * FIELDS_PER_REPORT + 3]!;
  }

  offset(report: number): number {
    return this.#numbers[report * NUMBERS_PER_REPORT]!;
  }

  timestamp(report: number): number {
    return this.#numbers[report * NUMBERS_PER_REPORT + 1]!;
  }
}
