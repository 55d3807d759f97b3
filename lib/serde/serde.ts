// The serialisers and deserialisers that come with the package.

import { isUtf8 } from 'node:buffer';
import { type Encoded, type Serde, isPromiseLike } from '../arguments/serdes.js';
import { describeValue, isObject, typeError } from '../arguments/values.js';
import type { InputOf, OutputOf, StandardIssue, StandardResult, StandardSchema } from './standard-schema.js';

/** A value that does not fit its schema: the `cause` of a SerializationError or of a DeserializationError. */
export class ValidationError extends Error {
  override readonly name = 'ValidationError';
  /** What the schema says, as it says it. */
  readonly issues: readonly StandardIssue[];

  constructor(issues: readonly StandardIssue[]) {
    super(issues.map(issueText).join('; '));
    this.issues = issues;
  }
}

/** Text in UTF-8. Bytes that are not UTF-8, and strings that have none (a lone surrogate), are errors. */
function string(): Serde<string> {
  return {
    serialize: (_topic, value) => {
      if (typeof value !== 'string') throw typeError('string()', 'a string', value);
      if (/\p{Surrogate}/u.test(value))
        throw new TypeError('string(): expected well-formed text, got a lone surrogate');
      return value;
    },
    deserialize: (_topic, bytes) => text(bytes),
  };
}

/**
 * JSON in UTF-8. The type is what the caller says of it, and nothing is looked at; with a schema it is what the schema says, see
 * validated().
 */
function json<T = unknown>(): Serde<T>;
function json<Schema extends StandardSchema>(schema: Schema): Serde<InputOf<Schema>, OutputOf<Schema>>;
function json(schema?: StandardSchema): Serde<unknown> {
  const plain: Serde<unknown> = {
    serialize: (_topic, value) => {
      const written = JSON.stringify(value) as string | undefined;
      if (written === undefined) throw typeError('json()', 'what JSON can say', value);
      return written;
    },
    deserialize: (_topic, bytes) => JSON.parse(text(bytes)) as unknown,
  };
  return schema === undefined ? plain : validated(schema, plain);
}

/**
 * Values that fit a schema of zod, valibot, arktype or any other library of Standard Schema; the types are the schema's.
 *
 * What is read goes through `inner`, and comes as the schema gives it (with its defaults and transformations). What is sent has to
 * fit what the schema takes, and is written as it was given: so who reads it with the same schema gets what the schema gives. What
 * does not fit is a ValidationError.
 *
 * @param inner how the value becomes bytes. Default json()
 */
function validated<Schema extends StandardSchema>(
  schema: Schema,
  inner: Serde<InputOf<Schema>, unknown> = json(),
): Serde<InputOf<Schema>, OutputOf<Schema>> {
  const validate = validateOf(schema);
  for (const method of ['serialize', 'deserialize'] as const) {
    if (!isObject(inner) || typeof inner[method] !== 'function') {
      throw typeError('inner', 'an object with the methods serialize and deserialize', inner);
    }
  }
  return {
    serialize: (topic, value) =>
      then(validate(value), (result): Encoded | PromiseLike<Encoded> => {
        fitting(result);
        return inner.serialize(topic, value);
      }),
    deserialize: (topic, bytes) =>
      then(inner.deserialize(topic, bytes), (value) =>
        then(validate(value), (result) => fitting(result) as OutputOf<Schema>),
      ),
  };
}

/** Ready serialisers, which are deserialisers too. */
export const serde: {
  readonly string: typeof string;
  readonly json: typeof json;
  readonly validated: typeof validated;
} = Object.freeze({ string, json, validated });

type Validate = StandardSchema['~standard']['validate'];

function validateOf(schema: unknown): Validate {
  // Those of some libraries are functions with properties.
  const given = typeof schema === 'function' || isObject(schema) ? (schema as Partial<StandardSchema>)['~standard'] : 0;
  if (!isObject(given) || typeof given.validate !== 'function') {
    throw typeError('schema', "a Standard Schema (with the property '~standard')", schema);
  }
  const { version } = given as { version: unknown };
  if (version !== 1) throw new TypeError(`schema: expected Standard Schema version 1, got ${describeValue(version)}`);
  const standard = given;
  return (value) => standard.validate(value);
}

function fitting(result: StandardResult<unknown>): unknown {
  if (result.issues) throw new ValidationError(result.issues);
  return (result as { value: unknown }).value;
}

/** At once where there is no promise: then a whole batch needs no turn of the event loop. */
function then<T, U>(value: T | PromiseLike<T>, next: (value: T) => U | PromiseLike<U>): U | PromiseLike<U> {
  return isPromiseLike(value) ? value.then(next) : next(value);
}

function text(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new TypeError('expected text in UTF-8, got other bytes');
  return bytes.toString();
}

function issueText({ message, path }: StandardIssue): string {
  if (!path?.length) return message;
  return `${path.map((step) => String(typeof step === 'object' ? step.key : step)).join('.')}: ${message}`;
}
