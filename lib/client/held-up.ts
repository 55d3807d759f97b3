// A process that is killed within a transaction leaves the transaction open until its `transaction.timeout.ms` is over. So long nobody is
// told what its group has committed (ERR_UNSTABLE_OFFSET_COMMIT), unless a producer with the same `transactional.id` initialises. The next
// process has such a producer as a rule, which would initialise with its first message, for which its consumer waits: so a consumer that
// is held up asks for it here.

/** A transactional producer that has not initialised yet. */
export interface Uninitialized {
  /** Its `bootstrap.servers`. */
  readonly servers: string;
  initialize(operation: string, limits: object): Promise<void>;
}

/** Those of this copy of the package. Weak: a producer that nobody can reach is not kept by it. */
const uninitialized = new Set<WeakRef<Uninitialized>>();

/** Gives back how to take it off. */
export function uninitializedProducer(producer: Uninitialized): () => void {
  const reference = new WeakRef(producer);
  uninitialized.add(reference);
  return () => void uninitialized.delete(reference);
}

/**
 * A consumer of these `bootstrap.servers` is held up by an open transaction of its group. Initialising fences who has the
 * `transactional.id`. Where there is one producer it will be done anyhow, for what the consumer reads. Of several nobody knows which is meant,
 * and others may be at work with the ids of the rest: then nothing is done.
 */
export function heldUpByTransaction(servers: string): void {
  const those: Uninitialized[] = [];
  for (const reference of uninitialized) {
    const producer = reference.deref();
    if (!producer) uninitialized.delete(reference);
    else if (producer.servers === servers) those.push(producer);
  }
  // A failure is told by the first transaction, which tries again.
  if (those.length === 1) those[0]!.initialize('transaction', {}).catch(() => undefined);
}
